"""CommonMark to sanitised HTML, by two maintained libraries: markdown-it-py renders, nh3 (ammonia) cleans."""

import nh3
from markdown_it import MarkdownIt

_TAGS = {
    "p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "strong", "em", "a", "blockquote", "code", "pre",
    "br", "hr",
}  # fmt: skip


class SafeMarkup:
    """Raw HTML from an editor is shown as text; links may only be https, http, mailto, tel or relative."""

    def __init__(self) -> None:
        self._markdown = MarkdownIt("commonmark", {"html": False})

    def html(self, commonmark: str) -> str:
        return nh3.clean(
            self._markdown.render(commonmark),
            tags=_TAGS,
            attributes={"a": {"href", "title"}, "ol": {"start"}},
            url_schemes={"https", "http", "mailto", "tel"},
            link_rel="noopener noreferrer",
        )
