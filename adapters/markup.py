"""CommonMark to sanitised HTML, by two Rust libraries: comrak renders, nh3 (ammonia) cleans."""

import re

import comrak
import nh3

_TAGS = {
    "p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "strong", "em", "a", "blockquote", "code", "pre",
    "br", "hr",
}  # fmt: skip
# Bare tags of ours and escaped text: there is nothing in it that could be taken out.
_PLAIN = re.compile(r"(?:[^<&\xa0\r\0]++|</?(?:p|h[1-6]|[uo]l|li|strong|em|blockquote|code)>|&(?:lt|gt|amp|quot);)*+")


class SafeMarkup:
    """Raw HTML from an editor is shown as text; links may only be https, http, mailto, tel or relative."""

    def __init__(self) -> None:
        self._options = comrak.RenderOptions()
        self._options.escape = True
        self._cleaner = nh3.Cleaner(
            tags=_TAGS,
            attributes={"a": {"href", "title"}, "ol": {"start"}},
            url_schemes={"https", "http", "mailto", "tel"},
            link_rel="noopener noreferrer",
        )

    def html(self, commonmark: str) -> str:
        html = comrak.render_markdown(commonmark, render_options=self._options)
        if _PLAIN.fullmatch(html):
            return html.replace("&quot;", '"')  # as the cleaner writes it
        return self._cleaner.clean(html)
