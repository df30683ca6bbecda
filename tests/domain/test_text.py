"""Text at the edge."""

import json
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.distribution.document import sms_parts
from domain.text import is_clean, normalise, slugify, text_error


@given(st.text(st.characters(exclude_categories=("Cs",))))
def test_normalising_is_nfc_and_doing_it_twice_changes_nothing(text: str) -> None:
    once = normalise({text: [text, 1]})
    assert once == {unicodedata.normalize("NFC", text): [unicodedata.normalize("NFC", text), 1]}
    assert normalise(once) == once


@given(st.recursive(st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)), st.booleans())
def test_what_is_clean_at_a_glance_has_nothing_to_mend(value: Any, ascii_only: bool) -> None:
    raw = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    if is_clean(raw):
        assert text_error(value) is None
        assert normalise(value) == value


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ('{"title": "Mã OTP\\nlà “chìa khóa”\\t\\"nhà\\" bạn"}\r\n', True),
        ('{"title": "Ma\u0303"}', False),
        ('{"title": "a\\u0000"}', False),
        ('{"title": "a\\b"}', False),
        ('{"title": "a\u0085"}', False),
        ('{"title": "a\\\\u"}', False),
    ],
)
def test_common_text_takes_the_fast_check(raw: str, *, clean: bool) -> None:
    assert is_clean(raw.encode()) is clean


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({"title": "Bình\nthường\t"}, None),
        ({"title": "a\x00"}, "/title"),
        ({"faq": [{"question": "ok"}, {"answer": "\x1b[31m"}]}, "/faq/1/answer"),
        ({"a": "\ud800"}, "/a"),
        ({"a\x00": 1}, ""),
        ("\x07", ""),
    ],
)
def test_control_characters_are_found_where_they_stand(value: Any, place: str | None) -> None:
    found = text_error(value)
    assert (found and found.pointer) == place


@pytest.mark.parametrize(
    ("title", "slug"),
    [("Mã OTP là gì?", "ma-otp-la-gi"), ("Đừng chuyển tiền!", "dung-chuyen-tien"), ("???", "tai-lieu")],
)
def test_a_slug_is_readable_vietnamese_without_marks(title: str, slug: str) -> None:
    assert slugify(title) == slug


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a" * 160, ("gsm-7", 1)),
        ("a" * 161, ("gsm-7", 2)),
        ("a" * 306, ("gsm-7", 2)),
        ("a" * 307, ("gsm-7", 3)),
        ("€" * 80, ("gsm-7", 1)),  # the extension table costs two septets each
        ("€" * 81, ("gsm-7", 2)),
        ("ạ" * 70, ("ucs-2", 1)),
        ("ạ" * 71, ("ucs-2", 2)),
        ("📻" * 35, ("ucs-2", 1)),  # two UTF-16 units each
        ("📻" * 36, ("ucs-2", 2)),
    ],
    ids=lambda value: f"{value[0]}×{len(value)}" if isinstance(value, str) else "",
)
def test_sms_parts_are_counted_as_the_networks_count_them(text: str, parts: tuple[str, int]) -> None:
    assert sms_parts(text) == parts
