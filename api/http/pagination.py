"""Keyset pages: `{"items": […], "next": "<cursor>"}` and a Link header."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Request, Response
from litestar.params import QueryParameter

from domain.errors import InvalidParameter

Limit = Annotated[int, QueryParameter(ge=1, le=200, description="The most items on a page")]
CursorParameter = Annotated[str | None, QueryParameter(description="`next` of the page before")]
Within = Annotated[UUID | None, QueryParameter(name="organization", description="Only of this organization")]
T = TypeVar("T")


def read_page_cursor(cursor: str | None) -> UUID | None:
    """Read an opaque list cursor; InvalidParameter for nonsense."""
    return read_cursor(cursor, UUID)


def read_cursor(cursor: str | None, kind: Callable[[str], T]) -> T | None:
    """Like `read_page_cursor`, for lists whose ids are not UUIDs."""
    if cursor is None:
        return None
    try:
        text = urlsafe_b64decode(cursor.encode("ascii") + b"==").decode()
        if "\0" in text or len(text) > 100:
            raise InvalidParameter(parameter="cursor", expected="cursor")
        return kind(text)
    except ValueError as error:
        raise InvalidParameter(parameter="cursor", expected="cursor") from error


def page_of(
    request: Request[Any, Any, Any],
    kind: type[T],
    item: type[Any],
    rows: Sequence[dict[str, Any]],
    limit: int,
) -> Response[T]:
    """Show `rows` (one more than `limit` when there are more) as a page."""
    items = [msgspec.convert(row, item) for row in rows[:limit]]
    if len(rows) <= limit:
        return Response(kind(items=items), headers={"cache-control": "no-store"})  # type: ignore[call-arg]
    cursor = urlsafe_b64encode(str(rows[limit - 1]["id"]).encode()).rstrip(b"=").decode()
    query = urlencode({**request.query_params, "cursor": cursor, "limit": limit})
    link = f'<{request.url.path}?{query}>; rel="next"'
    page = kind(items=items, next=cursor)  # type: ignore[call-arg]
    return Response(page, headers={"link": link, "cache-control": "no-store"})
