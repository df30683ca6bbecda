"""One byte range (RFC 9110 section 14); anything more exotic gets the whole file."""

import re

from domain.errors import RangeNotSatisfiable

_SINGLE = re.compile(r"\Abytes=(\d{0,18})-(\d{0,18})\Z")


def byte_range(header: str | None, if_range: str | None, size: int, etag: str) -> tuple[int, int] | None:
    """Give (first, last) of a satisfiable single range, None for the whole file; RangeNotSatisfiable past its end."""
    if header is None or (if_range is not None and if_range.strip() != etag):
        return None
    found = _SINGLE.match(header.strip())
    if not found or not (found[1] or found[2]):
        return None
    if not found[1]:
        length = min(int(found[2]), size)
        if length == 0:
            raise RangeNotSatisfiable(size_bytes=size)
        return size - length, size - 1
    first = int(found[1])
    last = min(int(found[2]), size - 1) if found[2] else size - 1
    if found[2] and int(found[2]) < first:
        return None
    if first >= size:
        raise RangeNotSatisfiable(size_bytes=size)
    return first, last
