"""What a file is, by its bytes."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.http.ranges import byte_range
from domain.errors import RangeNotSatisfiable
from domain.media.asset import LIMITS, sniff


@pytest.mark.parametrize("path", sorted(Path("programme/media").rglob("*.*")), ids=lambda p: p.name)
def test_the_programmes_own_files_are_recognised(path: Path) -> None:
    expected = {".mp3": "audio/mpeg", ".png": "image/png", ".pdf": "application/pdf"}
    if path.suffix in expected:
        assert sniff(path.read_bytes()[:65536]) == expected[path.suffix]


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"<!DOCTYPE html><script>",
        b"<svg xmlns='http://www.w3.org/2000/svg'>",
        b"GIF89a",
        b"MZ\x90",
        b"PK\x03\x04 just a zip",
        b"RIFF\x00\x00\x00\x00AVI ",
        b"ID3\x04\x00\x00\x00\x00\x00\x05<html>",
        b"\xff\xfb\x90\x00" + b"<script>alert(1)</script>" * 100,
        b"WEBVTTx",
    ],
)
def test_what_is_not_on_the_list_is_not_recognised(head: bytes) -> None:
    assert sniff(head) is None


@given(st.binary(max_size=300))
def test_no_bytes_make_the_sniffer_fail(head: bytes) -> None:
    assert sniff(head) is None or sniff(head) in LIMITS


@given(
    st.one_of(st.none(), st.from_regex(r"bytes=\d{0,4}-\d{0,4}", fullmatch=True), st.text(max_size=20)),
    st.integers(1, 5000),
)
def test_a_range_is_inside_the_file_or_refused(header: str | None, size: int) -> None:
    try:
        found = byte_range(header, None, size, '"e"')
    except RangeNotSatisfiable:
        return
    assert found is None or 0 <= found[0] <= found[1] < size


@pytest.mark.parametrize(
    ("header", "if_range", "expected"),
    [
        ("bytes=0-0", None, (0, 0)),
        ("bytes=10-", None, (10, 99)),
        ("bytes=-10", None, (90, 99)),
        ("bytes=5-1", None, None),
        ("bytes=0-1,5-6", None, None),
        ("bytes=10-", '"e"', (10, 99)),
        ("bytes=10-", '"other"', None),
    ],
)
def test_ranges_as_rfc_9110_has_them(header: str, if_range: str | None, expected: tuple[int, int] | None) -> None:
    assert byte_range(header, if_range, 100, '"e"') == expected
