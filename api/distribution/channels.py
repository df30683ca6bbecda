"""Channels, grants and the change feed (openapi/sync.md)."""

from functools import partial
from typing import Annotated
from uuid import UUID

from litestar import Response, delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody, QueryParameter

from adapters.key_ring import KeyRing
from api.cache.responses import mark_cacheable
from api.callers.operations import CHANGING, KEYED, WRITING, IdempotencyKey, IfMatch, known_revision, operation
from api.dependencies import AnyRequest, Unit, caller_of, services_of
from api.distribution.views import (
    ChangePage,
    ChannelHeadList,
    ChannelHeadView,
    ChannelList,
    ChannelPatch,
    ChannelRequest,
    ChannelView,
    DigestView,
    show_channel,
)
from api.http.conditional import COMPRESSIBLE_VARY, NOT_MODIFIED, IfNoneMatch, etag_matches, not_modified
from api.http.content_coding import mark_compressible
from api.http.ready_response import ReadyResponse
from api.http.request_bodies import StrictBody, given_fields
from api.http.views import NO_STORE
from domain.actor import Actor
from domain.distribution.actions import channels, grants
from domain.distribution.change import digest_statement
from domain.read_access import ReadAccess
from storage.distribution.digest import DigestReader
from storage.distribution.feed import FeedReader, Page

TAGS = ["channels"]
_PER_CALLER = NO_STORE | {"vary": "Authorization"}
_PUBLIC = "public, max-age=30, stale-while-revalidate=300"
Since = Annotated[str | None, QueryParameter(description="`next` of the page before; absent: from the beginning")]
PageSize = Annotated[int, QueryParameter(ge=1, le=500, description="The most changes on a page")]
Wait = Annotated[int, QueryParameter(ge=0, le=20, description="Long poll: wait up to so many seconds for news")]


@get(
    "/v1/channels",
    operation_id="listChannels",
    summary="Các kênh bạn được nhận · Channels you may pull",
    tags=TAGS,
    **operation("channel"),
)
async def list_channels(
    feed: NamedDependency[FeedReader], access: NamedDependency[ReadAccess]
) -> Response[ChannelList]:
    """List public channels, and those granted to your organization."""
    heads = await feed.list_channel_heads(access)
    items = [show_channel(head.channel, str(head.cursor)) for head in heads]
    return Response(ChannelList(items=items), headers=_PER_CALLER)


@post(
    "/v1/channels",
    dto=StrictBody[ChannelRequest],
    return_dto=None,
    operation_id="createChannel",
    summary="Tạo kênh · Create a channel",
    tags=TAGS,
    **operation("channel.manage", "slug_taken", *WRITING, *KEYED),
)
async def create_channel(
    data: JSONBody[ChannelRequest],
    work: Unit,
    actor: NamedDependency[Actor],
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 -- read by the idempotency middleware
) -> Response[ChannelView]:
    """Create a channel. Published materials that match its rule are added by the background worker within seconds."""
    channel = await channels.create(work, actor, **given_fields(data))
    headers = NO_STORE | {"etag": f'"{channel.revision}"', "location": f"/v1/channels/{channel.slug}"}
    return Response(show_channel(channel), headers=headers)


@get(
    "/v1/channels/{slug:str}",
    operation_id="getChannel",
    summary="Một kênh · One channel",
    tags=TAGS,
    **operation("channel"),
)
async def get_channel(
    slug: FromPath[str], feed: NamedDependency[FeedReader], access: NamedDependency[ReadAccess]
) -> Response[ChannelView]:
    """Read title, rule and feed head of a channel."""
    head = await feed.get_channel_head(slug, access)
    headers = _PER_CALLER | {"etag": f'"{head.channel.revision}"'}
    return Response(show_channel(head.channel, str(head.cursor)), headers=headers)


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
    """Change title, description or rule.

    A new rule re-routes: materials that match now are added, those that no longer do get a tombstone `out_of_scope`.
    """
    channel = await channels.change(work, actor, slug, known_revision(if_match), **given_fields(data))
    return Response(show_channel(channel), headers=NO_STORE | {"etag": f'"{channel.revision}"'})


@put(
    "/v1/channels/{slug:str}/grants/{organization_id:uuid}",
    status_code=204,
    operation_id="grantChannel",
    summary="Cấp kênh cho đơn vị · Grant a channel",
    tags=TAGS,
    **operation("grant.manage", "stale_version"),
)
async def grant_channel(
    slug: FromPath[str],
    organization_id: FromPath[UUID],
    work: Unit,
    actor: NamedDependency[Actor],
) -> None:
    """Let an organization pull the channel. Twice is the same as once."""
    await grants.give(work, actor, slug, organization_id)


@delete(
    "/v1/channels/{slug:str}/grants/{organization_id:uuid}",
    status_code=204,
    operation_id="revokeGrant",
    summary="Thu hồi kênh · Revoke a grant",
    tags=TAGS,
    **operation("grant.manage", "stale_version"),
)
async def revoke_grant(
    slug: FromPath[str],
    organization_id: FromPath[UUID],
    work: Unit,
    actor: NamedDependency[Actor],
) -> None:
    """Revoke a grant. An organization that has pulled the channel gets a takedown for its copy."""
    await grants.revoke(work, actor, slug, organization_id)


_PAGE = {200: ResponseSpec(ChangePage, generate_examples=False, description="A page of changes")}


@get(
    "/v1/channels/{slug:str}/changes",
    operation_id="listChannelChanges",
    summary="Thay đổi của kênh · Changes of a channel",
    tags=TAGS,
    **operation("channel", "cursor_invalid", "cursor_expired", also=_PAGE | NOT_MODIFIED),
)
async def list_changes(
    slug: FromPath[str],
    request: AnyRequest,
    *,
    since: Since = None,
    limit: PageSize = 100,
    wait: Wait = 0,  # noqa: ARG001 -- taken out of the query by api.cache.long_poll, which waits
    if_none_match: IfNoneMatch = None,
) -> Response[bytes]:
    """List each material's last state, once, in commit order. The first page omits tombstones."""
    services, caller = services_of(request), caller_of(request)
    page = await services.feed.get_page(slug, caller.access, since, limit)
    head, unchanged = page.head, _is_unchanged(page, since, if_none_match)
    same = unchanged and etag_matches(if_none_match, head.etag)
    seq = page.start if same else page.next_seq
    count = partial(services.ledger.record_cursor, channel_id=head.channel.id, seq=seq)
    count(caller.actor)
    mark_compressible(request.scope["state"])
    mark_cacheable(request.scope["state"], head.channel.id, count, nothing_new=unchanged)
    cache_control = _PUBLIC if head.channel.public else "private, no-cache"
    if same:
        return not_modified(head.etag, cache_control)
    headers = {"etag": head.etag, "cache-control": cache_control, "vary": COMPRESSIBLE_VARY}
    return ReadyResponse(page.body, headers=headers)


def _is_unchanged(page: Page, since: str | None, if_none_match: str | None) -> bool:
    """Whether a long poll has nothing new. With a cursor only the head itself counts: its ETag is no page's."""
    return etag_matches(if_none_match, page.head.etag) if since is None else page.start >= page.head.head


@get(
    "/v1/channels/{slug:str}/digest",
    operation_id="getChannelDigest",
    summary="Đối chiếu bản sao · Prove a mirror equal",
    tags=TAGS,
    **operation("channel", "cursor_invalid", "cursor_expired", "cursor_moved", "digest_under_way"),
)
async def get_digest(
    slug: FromPath[str],
    feed: NamedDependency[FeedReader],
    digests: NamedDependency[DigestReader],
    key_ring: NamedDependency[KeyRing],
    access: NamedDependency[ReadAccess],
    at: Annotated[str | None, QueryParameter(description="Your cursor")] = None,
) -> Response[DigestView]:
    """Read the signed digest of all live materials. A mirror computes the same and is thereby proven equal."""
    head = await feed.get_channel_head(slug, access)
    digest = await digests.get_digest(head, at)
    signature = key_ring.sign(digest_statement(slug, **digest))
    return Response(DigestView(**digest, signature=signature.value, kid=signature.kid), headers=_PER_CALLER)


@get(
    "/v1/changes",
    operation_id="listChannelHeads",
    summary="Đầu của mọi kênh · Heads of all channels",
    tags=TAGS,
    **operation("channel"),
)
async def list_heads(
    feed: NamedDependency[FeedReader], access: NamedDependency[ReadAccess]
) -> Response[ChannelHeadList]:
    """Read the feed heads of all your channels: one request tells whether anything is new anywhere."""
    heads = await feed.list_channel_heads(access)
    items = [ChannelHeadView(channel=head.channel.slug, cursor=str(head.cursor)) for head in heads]
    return Response(ChannelHeadList(items=items), headers=_PER_CALLER)


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
