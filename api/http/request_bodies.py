"""Reading a JSON body: strict types, no unknown fields, NFC text, bounded depth."""

from collections.abc import Generator
from typing import Any, Generic, TypeVar, cast

import msgspec
from litestar.dto import AbstractDTO
from litestar.dto.data_structures import DTOFieldDefinition
from litestar.openapi.spec import Reference, Schema
from litestar.typing import FieldDefinition

from domain.errors import Fault, InvalidContent, MalformedRequest, UnsupportedMediaType
from domain.merge_patch import fault_of
from domain.text import forbidden_place, normalise

MAX_DEPTH = 32
T = TypeVar("T")


def read_json(raw: bytes) -> object:
    """Decode JSON into builtins, or raise MalformedRequest or InvalidContent. Text comes out in NFC."""
    try:
        value = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedRequest(reason="JSON") from error
    if _deeper(value, MAX_DEPTH):
        raise MalformedRequest(reason=f"JSON deeper than {MAX_DEPTH}")
    if (pointer := forbidden_place(value)) is not None:
        raise InvalidContent(errors=[Fault(pointer=pointer, code="control_character")])
    return normalise(value)


def _deeper(value: object, left: int) -> bool:
    if isinstance(value, dict):
        return left == 0 or any(_deeper(each, left - 1) for each in value.values())
    if isinstance(value, list):
        return left == 0 or any(_deeper(each, left - 1) for each in value)
    return False


def convert(value: object, kind: type[T]) -> T:
    """Make a struct of builtins without coercion; what does not fit becomes a Fault with its place."""
    try:
        return msgspec.convert(value, kind, strict=True)
    except msgspec.ValidationError as error:
        raise InvalidContent(errors=[fault_of(error)]) from error
    except OverflowError as error:
        raise InvalidContent(errors=[Fault(pointer="", code="out_of_bounds")]) from error


class StrictBody(AbstractDTO[T], Generic[T]):
    """Litestar's own parsing coerces types and ignores Content-Type; this one does neither. No body is `{}`."""

    def decode_bytes(self, value: bytes) -> Any:
        sent = self.asgi_connection.headers.get("content-type", "").partition(";")[0].strip().lower()
        expected = ("application/json", "application/merge-patch+json")
        if value and sent not in expected:
            raise UnsupportedMediaType(expected="application/json")
        decoded = read_json(value or b"{}")
        return convert(decoded, self.model_type)

    def decode_builtins(self, value: dict[str, Any]) -> Any:
        raise UnsupportedMediaType(expected="application/json")

    @classmethod
    def generate_field_definitions(cls, model_type: type[Any]) -> Generator[DTOFieldDefinition, None, None]:
        yield from ()

    @classmethod
    def detect_nested_field(cls, field_definition: FieldDefinition) -> bool:
        return False

    @classmethod
    def create_for_field_definition(cls, field_definition: FieldDefinition, *args: Any, **kwargs: Any) -> None:
        """No generated model is needed."""

    @classmethod
    def create_openapi_schema(
        cls, field_definition: FieldDefinition, handler_id: str, schema_creator: Any
    ) -> Reference | Schema:
        return cast("Reference | Schema", schema_creator.for_field_definition(field_definition))


def patch_of(kind: type[msgspec.Struct], name: str) -> type[msgspec.Struct]:
    """Make the merge-patch form of a struct: every field may be absent, or null to take it back, in every depth."""
    fields = []
    for field in msgspec.structs.fields(kind):
        inner = field.type
        nested = next((t for t in _parts(inner) if isinstance(t, type) and issubclass(t, msgspec.Struct)), None)
        if nested is not None and not _is_tuple(inner):
            inner = patch_of(nested, f"{name}{nested.__name__}")
        fields.append((field.name, inner | None | msgspec.UnsetType, msgspec.UNSET))
    return msgspec.defstruct(name, fields, kw_only=True, forbid_unknown_fields=True, frozen=True)


def _parts(annotation: Any) -> tuple[Any, ...]:
    return getattr(annotation, "__args__", ()) or (annotation,)


def _is_tuple(annotation: Any) -> bool:
    text = str(annotation)
    return "tuple[" in text


def sent_fields(patch: msgspec.Struct) -> dict[str, object]:
    """Give back what a patch named: values and nulls, without the fields that were absent."""
    found: dict[str, object] = {}
    for name in patch.__struct_fields__:
        value = getattr(patch, name)
        if value is msgspec.UNSET:
            continue
        if isinstance(value, msgspec.Struct) and type(value).__name__.startswith(type(patch).__name__):
            found[name] = sent_fields(value)
        else:
            found[name] = msgspec.to_builtins(value)
    return found
