"""Channels and their change feed (openapi/sync.md)."""

import asyncio
import time
from functools import partial
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, Response, delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, HeaderParameter, JSONBody, QueryParameter

from api.cache.responses import may_repeat
from api.callers.operations import CHANGING, KEYED, WRITING, IdempotencyKey, IfMatch, known_revision, operation
from api.dependencies import Parts, Unit, read_by
from api.distribution.views import (
    ChangesView,
    ChannelList,
    ChannelPatch,
    ChannelView,
    DigestView,
    HeadsView,
    HeadView,
    NewChannel,
    show_channel,
)
from api.http.content_coding import may_code
from api.http.ready_response import Published
from api.http.request_bodies import StrictBody
from domain.actor import Actor
from domain.distribution.actions import channels
from domain.distribution.change import digest_statement

TAGS = ["channels"]
VARY = "Authorization, Accept-Encoding"
"""What answers that may be coded (`api.http.content_coding`) depend on."""
SAFETY_SECONDS = 2.0
"""How often a long poll looks for itself, in case a notification was lost."""
_PUBLIC = "public, max-age=30, stale-while-revalidate=300"
IfNoneMatch = Annotated[str | None, HeaderParameter(name="If-None-Match", description="The ETag you have")]
Since = Annotated[str | None, QueryParameter(description="`next` of the page before; absent: from the beginning")]
PageSize = Annotated[int, QueryParameter(ge=1, le=500, description="At most so many changes")]
Wait = Annotated[int, QueryParameter(ge=0, le=20, description="Long poll: wait up to so many seconds for news")]


def matches(if_none_match: str | None, etag: str) -> bool:
    """RFC 9110 section 13.1.2, with weak comparison."""
    if if_none_match is None:
        return False
    return if_none_match.strip() == "*" or etag in [t.strip().removeprefix("W/") for t in if_none_match.split(",")]


def not_modified(etag: str, cache_control: str) -> Published:
    return Published(b"", status_code=304, headers={"etag": etag, "cache-control": cache_control, "vary": VARY})


@get(
    "/v1/channels",
    operation_id="listChannels",
    summary="Các kênh bạn được nhận · Channels you may pull",
    tags=TAGS,
    **operation("channel"),
)
async def list_channels(parts: NamedDependency[Parts], caller: NamedDependency[Actor | None]) -> Response[ChannelList]:
    """Public channels, and those granted to your organization."""
    places = await parts.feed.places(caller)
    items = [show_channel(place.channel, str(place.cursor)) for place in places]
    return Response(ChannelList(items=items), headers={"cache-control": "no-store", "vary": "Authorization"})


@post(
    "/v1/channels",
    dto=StrictBody[NewChannel],
    return_dto=None,
    operation_id="createChannel",
    summary="Tạo kênh · Create a channel",
    tags=TAGS,
    **operation("channel.manage", "slug_taken", *WRITING, *KEYED),
)
async def create_channel(
    data: JSONBody[NewChannel],
    work: Unit,
    actor: NamedDependency[Actor],
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 -- read by api.middleware
) -> Response[ChannelView]:
    """The worker fills it with the live materials that match within seconds."""
    channel = await channels.create(work, actor, **msgspec.structs.asdict(data))
    headers = {"etag": f'"{channel.revision}"', "location": f"/v1/channels/{channel.slug}"}
    return Response(show_channel(channel), headers=headers)


@get(
    "/v1/channels/{slug:str}",
    operation_id="getChannel",
    summary="Một kênh · One channel",
    tags=TAGS,
    **operation("channel"),
)
async def get_channel(
    slug: FromPath[str], parts: NamedDependency[Parts], caller: NamedDependency[Actor | None]
) -> Response[ChannelView]:
    """Title, rule and head of a channel."""
    place = await parts.feed.place(slug, caller)
    headers = {"etag": f'"{place.channel.revision}"', "cache-control": "no-store", "vary": "Authorization"}
    return Response(show_channel(place.channel, str(place.cursor)), headers=headers)


@patch(
    "/v1/channels/{slug:str}",
    dto=StrictBody[ChannelPatch],
    return_dto=None,
    operation_id="patchChannel",
    summary="Sửa kênh · Change a channel",
    tags=TAGS,
    **operation("channel.manage", *CHANGING, *WRITING),
)
async def patch_channel(
    slug: FromPath[str],
    data: JSONBody[ChannelPatch],
    work: Unit,
    actor: NamedDependency[Actor],
    if_match: IfMatch = None,
) -> Response[ChannelView]:
    """Another rule re-routes: what matches now is added, what no longer does gets a tombstone `out_of_scope`."""
    changes = {name: value for name, value in msgspec.structs.asdict(data).items() if value is not msgspec.UNSET}
    channel = await channels.change(work, actor, slug, known_revision(if_match), **changes)
    return Response(show_channel(channel), headers={"etag": f'"{channel.revision}"', "cache-control": "no-store"})


@put(
    "/v1/channels/{slug:str}/grants/{organization_id:uuid}",
    status_code=204,
    operation_id="grantChannel",
    summary="Cấp kênh cho đơn vị · Grant a channel",
    tags=TAGS,
    **operation("grant.manage"),
)
async def grant_channel(
    slug: FromPath[str],
    organization_id: FromPath[UUID],
    work: Unit,
    actor: NamedDependency[Actor],
) -> None:
    """Let an organization pull the channel."""
    await channels.grant(work, actor, slug, organization_id)


@delete(
    "/v1/channels/{slug:str}/grants/{organization_id:uuid}",
    status_code=204,
    operation_id="revokeGrant",
    summary="Thu hồi kênh · Revoke a grant",
    tags=TAGS,
    **operation("grant.manage"),
)
async def revoke_grant(
    slug: FromPath[str],
    organization_id: FromPath[UUID],
    work: Unit,
    actor: NamedDependency[Actor],
) -> None:
    """Whoever has pulled the channel gets a takedown for its copy."""
    await channels.revoke(work, actor, slug, organization_id)


_CHANGES_200 = {200: ResponseSpec(ChangesView, generate_examples=False, description="A page of changes")}
_UNCHANGED = {304: ResponseSpec(None, generate_examples=False, description="Nothing new")}
_changes = operation("channel", "cursor_invalid", "cursor_expired")


@get(
    "/v1/channels/{slug:str}/changes",
    operation_id="listChannelChanges",
    summary="Thay đổi của kênh · Changes of a channel",
    tags=TAGS,
    opt=_changes["opt"],
    security=_changes["security"],
    responses=_changes["responses"] | _CHANGES_200 | _UNCHANGED,
)
async def list_changes(
    slug: FromPath[str],
    request: Request[Any, Any, Any],
    *,
    since: Since = None,
    limit: PageSize = 100,
    wait: Wait = 0,
    if_none_match: IfNoneMatch = None,
) -> Response[bytes]:
    """Every material's last state, once, in commit order; the first page omits tombstones."""
    parts, caller = read_by(request)
    deadline = time.monotonic() + wait
    page = await parts.feed.page(slug, caller, since, limit)
    while wait and _unchanged(page, since, if_none_match):
        with parts.watcher.watching(page.place.channel.id) as news:
            caller = await parts.tokens.still(request.scope["state"]["caller"])  # so may a session end
            page = await parts.feed.page(slug, caller, since, limit)  # a grant may be lost while we wait
            if not _unchanged(page, since, if_none_match) or not await _until(news, deadline):
                break
    place, unchanged = page.place, _unchanged(page, since, if_none_match)
    same = unchanged and matches(if_none_match, place.etag)
    received = partial(parts.ledger.saw, channel_id=place.channel.id, seq=page.start if same else page.next_seq)
    received(caller)
    may_code(request.scope["state"])
    if not wait:
        may_repeat(request.scope["state"], place.channel.id, received, waits=unchanged)
    cache = _PUBLIC if place.channel.public else "private, no-cache"
    if same:
        return not_modified(place.etag, cache)
    headers = {"etag": place.etag, "cache-control": cache, "vary": VARY}
    return Published(page.body, headers=headers)


def _unchanged(page: Any, since: str | None, if_none_match: str | None) -> bool:
    """With a cursor the head's ETag says nothing about pages between the two: only the head itself is unchanged."""
    return matches(if_none_match, page.place.etag) if since is None else page.start >= page.place.head


async def _until(news: asyncio.Event, deadline: float) -> bool:
    """Sleep until news, the safety poll or the deadline. False when the time is up."""
    left = deadline - time.monotonic()
    if left <= 0:
        return False
    try:
        await asyncio.wait_for(news.wait(), min(left, SAFETY_SECONDS))
    except TimeoutError:
        return True
    news.clear()
    return True


@get(
    "/v1/channels/{slug:str}/digest",
    operation_id="getChannelDigest",
    summary="Đối chiếu bản sao · Prove a mirror equal",
    tags=TAGS,
    **operation("channel", "cursor_invalid", "cursor_expired", "cursor_moved", "digest_under_way"),
)
async def get_digest(
    slug: FromPath[str],
    parts: NamedDependency[Parts],
    caller: NamedDependency[Actor | None],
    at: Annotated[str | None, QueryParameter(description="The cursor you stand at")] = None,
) -> Response[DigestView]:
    """A mirror computes the same and knows that it is equal; the signature proves all of it at once."""
    place = await parts.feed.place(slug, caller)
    digest = await parts.digests.digest(place, at)
    seal = parts.keys.sign(digest_statement(slug, **digest))
    view = DigestView(**digest, signature=seal.value, kid=seal.kid)
    return Response(view, headers={"cache-control": "no-store", "vary": "Authorization"})


@get(
    "/v1/changes",
    operation_id="listHeads",
    summary="Đầu của mọi kênh · Heads of all channels",
    tags=TAGS,
    **operation("channel"),
)
async def list_heads(parts: NamedDependency[Parts], caller: NamedDependency[Actor | None]) -> Response[HeadsView]:
    """One call tells whether anything is new anywhere."""
    places = await parts.feed.places(caller)
    items = [HeadView(channel=place.channel.slug, cursor=str(place.cursor)) for place in places]
    return Response(HeadsView(items=items), headers={"cache-control": "no-store", "vary": "Authorization"})


ROUTES = [
    list_channels,
    create_channel,
    get_channel,
    patch_channel,
    grant_channel,
    revoke_grant,
    list_changes,
    get_digest,
    list_heads,
]
