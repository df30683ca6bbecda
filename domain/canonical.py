"""RFC 8785 canonical JSON, for what we sign: sorted keys, no white space, integers only, UTF-8.

A pure function of its own, so that any language can reproduce it from `openapi/vectors/`.
"""

import msgspec

_SAFE_INTEGER = 2**53 - 1


def canonical(value: object) -> bytes:
    """Serialise dicts, lists, strings, booleans and integers. Floats, None and other types raise TypeError."""
    _check(value)
    return msgspec.json.encode(value, order="sorted")


def _check(value: object) -> None:
    match value:
        case bool() | str():
            return
        case int():
            if abs(value) > _SAFE_INTEGER:
                raise TypeError(f"integer beyond 2^53: {value}")
        case dict():
            for key, each in value.items():
                if not (isinstance(key, str) and key.isascii()):
                    raise TypeError(f"key is not ASCII text: {key!r}")  # keeps code point = UTF-16 order
                _check(each)
        case list() | tuple():
            for each in value:
                _check(each)
        case _:
            raise TypeError(f"{type(value).__name__} has no canonical form here")
