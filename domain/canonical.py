"""RFC 8785 canonical JSON, for what we sign: sorted keys, no white space, integers only, UTF-8.

A pure function of its own, so that any language can reproduce it from `openapi/vectors/`.
"""

from collections.abc import Iterable
from typing import cast

import msgspec

_SAFE_INTEGER = 2**53 - 1


def canonical(value: object) -> bytes:
    """Serialise dicts, lists, strings, booleans and integers. Floats, None and other types raise TypeError."""
    _check(value)
    return msgspec.json.encode(value, order="sorted")


def _check(value: object) -> None:
    kind = type(value)
    if kind is dict or kind is list or kind is tuple:
        for each in _parts(cast("dict[object, object] | list[object]", value)):
            if type(each) is not str:
                _check(each)
    elif kind is int:
        if abs(cast("int", value)) > _SAFE_INTEGER:
            raise TypeError(f"integer beyond 2^53: {value}")
    elif kind is not str and kind is not bool:
        raise TypeError(f"{kind.__name__} has no canonical form here")


def _parts(value: dict[object, object] | list[object]) -> Iterable[object]:
    if not isinstance(value, dict):
        return value
    for key in value:
        if not (type(key) is str and key.isascii()):  # keeps code point = UTF-16 order
            raise TypeError(f"key is not ASCII text: {key!r}")
    return value.values()
