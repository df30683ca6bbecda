"""Conditional requests (RFC 9110 section 13)."""

from typing import Annotated

from litestar.openapi.datastructures import ResponseSpec
from litestar.params import HeaderParameter

from api.http.ready_response import ReadyResponse

COMPRESSIBLE_VARY = "Authorization, Accept-Encoding"
"""Vary header of responses that may be compressed."""
NOT_MODIFIED = {304: ResponseSpec(None, generate_examples=False, description="Not modified")}
IfNoneMatch = Annotated[str | None, HeaderParameter(name="If-None-Match", description="The ETag you have")]


def etag_matches(if_none_match: str | None, etag: str) -> bool:
    """Compare weakly (RFC 9110 section 13.1.2)."""
    if if_none_match is None:
        return False
    return if_none_match.strip() == "*" or etag in [t.strip().removeprefix("W/") for t in if_none_match.split(",")]


def not_modified(etag: str, cache_control: str) -> ReadyResponse:
    headers = {"etag": etag, "cache-control": cache_control, "vary": COMPRESSIBLE_VARY}
    return ReadyResponse(b"", status_code=304, headers=headers)
