"""RFC 8785 canonical JSON, for what we sign: sorted keys, no white space, integers only, UTF-8.

A pure function of its own, so that any language can reproduce it from `openapi/vectors/`.
"""

from typing import cast

import msgspec

_SAFE_INTEGER = 2**53 - 1
_TEXT = {str}


def canonical(value: object) -> bytes:
    """Serialise dicts, lists, strings, booleans and integers. Floats, None and other types raise TypeError."""
    encoded = msgspec.json.encode(value, order="sorted")  # refuses what contains itself: the check would not end
    _check(value)
    return encoded


def _check(value: object) -> None:
    waiting = [value]
    for each in waiting:  # grows under the loop: values are looked at level by level
        kind = type(each)
        if kind is str or kind is bool:
            continue
        if kind is dict:
            table = cast("dict[str, object]", each)
            # ASCII sorts the same by code point and by UTF-16 unit.
            if not (set(map(type, table)) <= _TEXT and "".join(table).isascii()):
                raise TypeError(f"a key is not ASCII text: {list(table)}")
            waiting += table.values()
        elif kind is list or kind is tuple:
            waiting += cast("list[object]", each)
        elif kind is not int:
            raise TypeError(f"{kind.__name__} has no canonical form here")
        elif abs(cast("int", each)) > _SAFE_INTEGER:
            raise TypeError(f"integer beyond 2^53: {each}")
