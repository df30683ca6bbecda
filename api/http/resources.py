"""Responses that every stored resource gives alike: its view with ETag, and Location where it is new."""

from typing import Annotated, Literal, TypeVar

from litestar import Response
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import QueryParameter

from api.http.views import NO_STORE, View

V = TypeVar("V", bound=View)
TableFormat = Literal["csv", "json"]
DryRun = Annotated[bool, QueryParameter(description="true: only say what would change")]


def resource(view: V, revision: int, *, location: str = "", new: bool = False) -> Response[V]:
    """The view of one resource; 201 with its address when it is new."""
    headers = NO_STORE | {"etag": f'"{revision}"'}
    if new:
        headers["location"] = location
    return Response(view, status_code=201 if new else 200, headers=headers)


def created(view: type[View]) -> dict[int, ResponseSpec]:
    """Document that a PUT may also create."""
    return {201: ResponseSpec(view, generate_examples=False, description="Created")}


def text_response(body: bytes, media_type: str, filename: str = "") -> Response[bytes]:
    """A file for one caller."""
    headers = dict(NO_STORE)
    if filename:
        headers["content-disposition"] = f'attachment; filename="{filename}"'
    return Response(body, media_type=media_type, headers=headers)
