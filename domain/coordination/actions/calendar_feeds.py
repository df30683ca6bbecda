"""Calendar feeds: made and revoked."""

from hashlib import sha256
from uuid import UUID

from msgspec.structs import replace

from domain.actor import Actor
from domain.coordination.actions import campaigns
from domain.coordination.calendar_feed import TOKEN_BYTES, CalendarFeed, CalendarFeedRequest
from domain.errors import FieldError, InvalidContent, NotFound
from domain.events import CalendarChanged, MemberErased, OrganizationSucceeded
from domain.permissions import require, sees
from domain.unit_of_work import UnitOfWork


def token_hash(token: str) -> bytes:
    """The stored form of a feed's token."""
    return sha256(token.encode()).digest()


async def create(work: UnitOfWork, actor: Actor, request: CalendarFeedRequest) -> tuple[CalendarFeed, str]:
    """Make a feed of something that the actor sees; gives it with its token, which is shown once."""
    require(actor, "calendar.subscribe")
    async with work:
        if not await _is_visible(work, actor, request):
            raise InvalidContent(errors=[FieldError(pointer="/target_id", code="unknown_reference")])
        token = work.ids.secret(TOKEN_BYTES)
        feed = CalendarFeed(
            id=work.ids.new(),
            owner_id=actor.organization_id,
            member_id=actor.member_id,
            client_id=actor.client_id,
            request=request,
            token_hash=token_hash(token),
            created_at=work.clock.now(),
        )
        await work.calendar_feeds.add(feed)
        await work.commit(_changed(actor, "create", feed))
    return feed, token


async def _is_visible(work: UnitOfWork, actor: Actor, request: CalendarFeedRequest) -> bool:
    try:
        match request.scope:
            case "organization":
                await work.organizations.get(request.target_id)
                return sees(actor, request.target_id)
            case "outlet":
                return sees(actor, (await work.outlets.get(request.target_id)).owner_id)
            case "campaign":
                return campaigns.is_visible(actor, await work.campaigns.get(request.target_id))
            case "member":
                return actor.member_id is not None and request.target_id == actor.member_id
    except NotFound:
        return False


async def revoke(work: UnitOfWork, actor: Actor, feed_id: UUID) -> None:
    """Revoke a feed: its address is gone at once. Members revoke their own, coordinators any of the organization's."""
    require(actor, "calendar.subscribe")
    async with work:
        feed = await work.calendar_feeds.get(feed_id)
        own = (feed.member_id, feed.client_id) == (actor.member_id, actor.client_id) or (
            feed.member_id is not None and feed.member_id == actor.member_id
        )
        if not own and not (sees(actor, feed.owner_id) and "coordinator" in actor.roles):
            raise NotFound
        if feed.revoked_at is None:
            await work.calendar_feeds.save(replace(feed, revoked_at=work.clock.now()))
            await work.commit(_changed(actor, "revoke", feed))


def _changed(actor: Actor, activity: str, feed: CalendarFeed) -> CalendarChanged:
    detail: dict[str, object] = {"scope": feed.request.scope}
    target = f"calendar_feed:{feed.id}"
    return CalendarChanged(actor=actor.key, activity=f"calendar_feed.{activity}", target=target, detail=detail)


async def hand_over(work: UnitOfWork, event: OrganizationSucceeded) -> None:
    """Let the feeds of the leaving organization show its successor's calendar."""
    await work.calendar_feeds.change_organization(event.leaving_id, event.successor_id)


async def revoke_of_member(work: UnitOfWork, event: MemberErased) -> None:
    """The feeds of a person who has left show nothing any more."""
    await work.calendar_feeds.revoke_of_member(event.member_id, event.at)
