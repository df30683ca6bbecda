"""RFC 7396 JSON merge patch on frozen structs."""

from typing import TypeVar

import msgspec

from domain.errors import Fault, InvalidContent

T = TypeVar("T", bound=msgspec.Struct)


def merged(old: T, changes: dict[str, object]) -> T:
    """Give `old` with `changes` merged in and validated as a whole. null takes a field back to its default."""
    result = merge(msgspec.to_builtins(old), changes)
    try:
        return msgspec.convert(result, type(old), strict=True, str_keys=True)
    except msgspec.ValidationError as error:
        raise InvalidContent(errors=[fault_of(error)]) from error


def merge(target: object, patch: object) -> object:
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), value)
    return result


def fault_of(error: msgspec.ValidationError) -> Fault:
    """Turn msgspec's "… - at `$.a[0].b`" into a JSON Pointer and a stable code."""
    text = str(error)
    sentence, _, place = text.partition(" - at `$")
    pointer = place.rstrip("`").replace("[...]", "/-").replace("[", "/").replace("]", "").replace(".", "/")
    code = "invalid_value"
    if "unknown field" in sentence:
        code, pointer = "unknown_field", f"{pointer}/{sentence.rsplit('`', 2)[-2]}"
    elif "missing required field" in sentence:
        code, pointer = "required", f"{pointer}/{sentence.rsplit('`', 2)[-2]}"
    elif sentence.startswith("Expected"):
        code = "out_of_bounds" if "length" in sentence or "<=" in sentence or ">=" in sentence else "wrong_type"
    return Fault(pointer=pointer, code=code, detail=sentence)
