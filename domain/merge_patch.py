"""RFC 7396 JSON merge patch on frozen structs, and msgspec's validation errors as field errors."""

import re
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from domain.errors import FieldError, InvalidContent

T = TypeVar("T", bound=msgspec.Struct)


def merged(old: T, changes: dict[str, object]) -> T:
    """Give `old` with `changes` merged in and validated as a whole. null takes a field back to its default."""
    result = merge(msgspec.to_builtins(old), changes)
    try:
        return msgspec.convert(result, type(old), strict=True, str_keys=True)
    except msgspec.ValidationError as error:
        raise InvalidContent(errors=[field_error(error, type(old))]) from error


def merge(target: object, patch: object) -> object:
    """Apply a merge patch to decoded JSON (RFC 7396 section 2)."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), value)
    return result


_EXPECTED = re.compile(
    r"Expected `(?P<expected>[^`]+)`(?:, got `(?P<got>[^`]+)`)?(?: of length)?(?: (?P<bound>[<>=]+) (?P<limit>-?\d+))?"
)
_ENUM = re.compile(r"Invalid enum value '?(?P<value>[^']*)'?")
_NAMED = re.compile(r"`(?P<name>[^`]+)`$")
_BOUNDS = {">=": "minimum", ">": "minimum", "<=": "maximum", "<": "maximum"}


def field_error(error: msgspec.ValidationError, kind: Any) -> FieldError:
    """Turn msgspec's "… - at `$.a[0].b`", raised while converting to `kind`, into a pointer, a code and its facts."""
    sentence, _, place = str(error).partition(" - at `$")
    path = [part for part in re.split(r"[.\[\]`]+", place) if part]
    pointer = "".join(f"/{'-' if part == '...' or not part else part}" for part in path)
    named = _NAMED.search(sentence)
    if "unknown field" in sentence and named:
        fields = _fields(_resolve(inspect.type_info(kind), path))
        return FieldError(pointer=f"{pointer}/{named['name']}", code="unknown_field", allowed=tuple(fields))
    if "missing required field" in sentence and named:
        return FieldError(pointer=f"{pointer}/{named['name']}", code="required")
    if enum := _ENUM.search(sentence):
        values = _choices(_resolve(inspect.type_info(kind), path))
        return FieldError(pointer=pointer, code="invalid_value", facts={"value": enum["value"]}, allowed=values)
    if (found := _EXPECTED.search(sentence)) is None:
        return FieldError(pointer=pointer, code="invalid_value")
    if found["bound"]:
        facts: dict[str, object] = {_BOUNDS.get(found["bound"], "limit"): int(found["limit"])}
        return FieldError(pointer=pointer, code="out_of_bounds", facts=facts)
    if found["got"]:
        return FieldError(
            pointer=pointer, code="wrong_type", facts={"expected": found["expected"], "got": found["got"]}
        )
    return FieldError(pointer=pointer, code="invalid_value")


def _resolve(kind: Any, path: list[str]) -> Any:
    """The type at a path of field names and indexes; None where the path leaves the known types."""
    for part in path:
        kind = _without_null(kind)
        if isinstance(kind, inspect.StructType):
            kind = next((field.type for field in kind.fields if field.encode_name == part), None)
        else:
            kind = getattr(kind, "item_type", None) or getattr(kind, "value_type", None)
    return _without_null(kind)


def _without_null(kind: Any) -> Any:
    while isinstance(kind, inspect.Metadata):
        kind = kind.type
    if not isinstance(kind, inspect.UnionType):
        return kind
    others = [each for each in kind.types if not isinstance(each, inspect.NoneType)]
    return _without_null(others[0]) if len(others) == 1 else kind


def _fields(kind: Any) -> list[str]:
    return [field.encode_name for field in kind.fields] if isinstance(kind, inspect.StructType) else []


def _choices(kind: Any) -> tuple[str, ...]:
    return tuple(map(str, kind.values)) if isinstance(kind, inspect.LiteralType) else ()
