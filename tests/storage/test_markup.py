"""CommonMark to HTML: what the cleaner is spared is what it would have left as it is."""

import comrak
from hypothesis import given
from hypothesis import strategies as st

from adapters.markup import SafeMarkup

_PIECES = st.sampled_from([
    "a", "Ứng dụng", "**b**", "*c*", "# h", "- x", "1. y", "3. z", "> q", "`code`", "```\n", "    ind", "***", "---",
    "\n", "\n\n", "  \n", "\t", "\r", "\r\n", "\0", "\\", '"', "'", "<", ">", "&", "&amp;", "&nbsp;", "&quot;", "&#39;",
    "\u00a0", "\u2028", "\ufeff", "<b>", "</p>", "<!-- -->", "<script>", "[l](http://x)", "[l](javascript:x)",
    "![i](j)", "<http://x>", "|", "~", "[", "]", "(", ")", "😀",
])  # fmt: skip
_TEXTS = st.lists(_PIECES, max_size=14).flatmap(lambda pieces: st.sampled_from([" ".join(pieces), "".join(pieces)]))


class Uncleaned(SafeMarkup):
    """Sends everything through the cleaner."""

    def html(self, commonmark: str) -> str:
        return self._cleaner.clean(comrak.render_markdown(commonmark, render_options=self._options))


@given(_TEXTS | st.text(max_size=60))
def test_plain_text_comes_out_as_the_cleaner_would_give_it(text: str) -> None:
    assert SafeMarkup().html(text) == Uncleaned().html(text)


def test_what_could_harm_is_cleaned() -> None:
    html = SafeMarkup().html("<script>x</script>\n\n[a](javascript:x) ![i](http://x/i.png) [b](https://x)")
    assert "<script" not in html
    assert "javascript" not in html
    assert "<img" not in html
    assert '<a href="https://x" rel="noopener noreferrer">b</a>' in html
