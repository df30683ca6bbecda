"""Reading a JSON body: strict types, no unknown or repeated members, NFC text, bounded depth."""

import json
import re
from collections.abc import Generator, Iterable
from typing import Any, Generic, TypeVar, cast

import msgspec
from litestar import Request
from litestar.dto import AbstractDTO
from litestar.dto.data_structures import DTOFieldDefinition
from litestar.openapi.spec import Reference, Schema
from litestar.typing import FieldDefinition

from domain.errors import (
    BodyRequired,
    FieldError,
    InvalidContent,
    MalformedJson,
    MalformedRequest,
    UnsupportedMediaType,
)
from domain.merge_patch import field_error
from domain.text import member_pointer, normalise, text_error

MAX_DEPTH = 32
T = TypeVar("T")
_BYTE = re.compile(r"\(byte (\d+)\)")


class RequestBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of the wire types of request bodies: unknown members are refused."""


class _Repeated(msgspec.Struct, frozen=True):
    """Stands for an object that has the member `name` twice."""

    name: str


def read_json(raw: bytes) -> object:
    """Decode JSON into builtins. Raises BodyRequired, MalformedJson, MalformedRequest or InvalidContent."""
    if not raw.strip():
        raise BodyRequired
    try:
        value = msgspec.json.decode(raw)
    except UnicodeDecodeError as error:
        raise MalformedRequest(reason="UTF-8") from error
    except msgspec.DecodeError as error:
        raise _malformed(raw, str(error)) from error
    except RecursionError as error:
        raise MalformedRequest(reason=f"JSON deeper than {MAX_DEPTH}") from error
    if _deeper(value, MAX_DEPTH):
        raise MalformedRequest(reason=f"JSON deeper than {MAX_DEPTH}")
    _check_members(raw)
    if (error_found := text_error(value)) is not None:
        raise InvalidContent(errors=[error_found])
    return normalise(value)


def _malformed(raw: bytes, message: str) -> MalformedJson:
    found = _BYTE.search(message)
    byte = int(found[1]) if found else len(raw)
    before = raw[:byte]
    line_start = before.rfind(b"\n") + 1
    column = len(before[line_start:].decode("utf-8", "replace")) + 1
    return MalformedJson(line=before.count(b"\n") + 1, column=column, byte=byte)


def _check_members(raw: bytes) -> None:
    """Raise InvalidContent for an object with the same member twice: readers disagree about which one counts."""

    def unique(pairs: list[tuple[str, object]]) -> object:
        names = [normalise(name) for name, _ in pairs]
        if len(set(names)) == len(names):
            return {name: value for name, value in pairs if isinstance(value, dict | list | _Repeated)}
        return _Repeated(next(str(name) for i, name in enumerate(names) if name in names[:i]))

    try:
        value = json.loads(raw, object_pairs_hook=unique)
    except ValueError as error:  # an integer with thousands of digits
        raise InvalidContent(errors=[FieldError(pointer="", code="out_of_bounds")]) from error
    if (found := _repeated_member(value, "")) is not None:
        raise InvalidContent(errors=[found])


def _repeated_member(value: object, pointer: str) -> FieldError | None:
    if isinstance(value, _Repeated):
        return FieldError(
            pointer=member_pointer(pointer, value.name), code="duplicate_member", facts={"name": value.name}
        )
    members: Iterable[tuple[object, object]] = ()
    if isinstance(value, dict | list):
        members = value.items() if isinstance(value, dict) else enumerate(value)
    return next((e for key, each in members if (e := _repeated_member(each, member_pointer(pointer, key)))), None)


def _deeper(value: object, left: int) -> bool:
    if isinstance(value, dict):
        return left == 0 or any(_deeper(each, left - 1) for each in value.values())
    if isinstance(value, list):
        return left == 0 or any(_deeper(each, left - 1) for each in value)
    return False


def convert(value: object, kind: type[T]) -> T:
    """Make a struct of builtins without coercion; what does not fit becomes a field error with its pointer."""
    try:
        return msgspec.convert(value, kind, strict=True)
    except msgspec.ValidationError as error:
        raise InvalidContent(errors=[field_error(error, kind)]) from error
    except OverflowError as error:
        raise InvalidContent(errors=[FieldError(pointer="", code="out_of_bounds")]) from error


class StrictBody(AbstractDTO[T], Generic[T]):
    """Litestar's own parsing coerces types and ignores Content-Type; this one does neither."""

    optional = False
    """Whether no body at all is read as `{}`."""

    def decode_bytes(self, value: bytes) -> Any:
        sent = self.asgi_connection.headers.get("content-type", "").partition(";")[0].strip().lower()
        expected = ("application/json", "application/merge-patch+json")
        if not value:
            if not self.optional:
                raise BodyRequired
            return convert({}, self.model_type)
        if sent not in expected:
            raise UnsupportedMediaType(expected="application/json")
        return convert(read_json(value), self.model_type)

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


class OptionalBody(StrictBody[T], Generic[T]):
    """A body that may be left out: every field has a default."""

    optional = True


async def read_file(request: Request[Any, Any, Any], *media_types: str) -> bytes:
    """The body of a request that is a file of one of these types. BodyRequired or UnsupportedMediaType."""
    sent = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    raw = await request.body()
    if not raw:
        raise BodyRequired
    if sent not in media_types:
        raise UnsupportedMediaType(expected=", ".join(media_types))
    return raw


def patch_of(kind: type[msgspec.Struct], name: str) -> type[msgspec.Struct]:
    """Make the merge-patch form of a struct: every field may be absent, or null to reset it, at every depth."""
    fields = []
    for field in msgspec.structs.fields(kind):
        inner = field.type
        nested = next((t for t in _arguments(inner) if isinstance(t, type) and issubclass(t, msgspec.Struct)), None)
        if nested is not None and "tuple[" not in str(inner):
            inner = patch_of(nested, f"{nested.__name__}Patch")
        fields.append((field.name, inner | None | msgspec.UnsetType, msgspec.UNSET))
    return msgspec.defstruct(
        name,
        fields,
        kw_only=True,
        forbid_unknown_fields=True,
        frozen=True,
        namespace={"__doc__": f"Changes to {kind.__name__} (RFC 7396): absent fields stay, null resets a field."},
    )


def _arguments(annotation: Any) -> tuple[Any, ...]:
    return getattr(annotation, "__args__", ()) or (annotation,)


def sent_fields(patch: msgspec.Struct) -> dict[str, object]:
    """The fields that a patch named: values and nulls, without the fields that were absent."""
    found: dict[str, object] = {}
    for name in patch.__struct_fields__:
        value = getattr(patch, name)
        if value is msgspec.UNSET:
            continue
        if isinstance(value, msgspec.Struct) and type(value).__name__.endswith("Patch"):
            found[name] = sent_fields(value)
        else:
            found[name] = msgspec.to_builtins(value)
    return found


def given_fields(body: msgspec.Struct) -> dict[str, Any]:
    """The fields of a body that are set, as they are."""
    return {name: value for name, value in msgspec.structs.asdict(body).items() if value is not msgspec.UNSET}
