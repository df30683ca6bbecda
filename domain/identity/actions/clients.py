"""OAuth clients: registered, changed, given secrets, disabled."""

from uuid import UUID

from msgspec.structs import replace

from domain.actor import Actor
from domain.errors import FieldError, InvalidContent, NotFound, StaleVersion
from domain.events import Event
from domain.identity.client import Client, ClientPlan, check_client
from domain.identity.oauth_grant import digest_of
from domain.permissions import require
from domain.scopes import SCOPES, scopes_of
from domain.unit_of_work import UnitOfWork


async def register(
    work: UnitOfWork, actor: Actor, plan: ClientPlan, client_id: str | None = None
) -> tuple[Client, str | None]:
    """Register a client; gives its secret, once, where it is neither public nor has keys."""
    require(actor, "client.manage", plan.organization_id)
    secret = None if plan.public or plan.jwks else work.ids.secret()
    async with work:
        organization = await work.organizations.get(plan.organization_id)
        most = scopes_of(plan.roles) if plan.roles else frozenset(SCOPES)
        client = Client(
            id=client_id or f"{organization.code}-{work.ids.new().hex[-8:]}",
            name=plan.name.strip(),
            organization_id=organization.id,
            scopes=plan.scopes or most,
            roles=plan.roles,
            secret_hashes=(digest_of(secret),) if secret else (),
            jwks=plan.jwks,
            public=plan.public,
            redirect_uris=plan.redirect_uris,
            grant_types=plan.grant_types,
        )
        await work.clients.add(check_client(client))
        await work.commit(_event(actor, "client.add", client))
    return client, secret


def _event(actor: Actor, activity: str, client: Client) -> Event:
    detail: dict[str, object] = {"scopes": sorted(client.scopes), "active": client.active}
    return Event(actor=actor.key, activity=activity, target=f"client:{client.id}", detail=detail)


async def _managed(work: UnitOfWork, actor: Actor, client_id: str) -> Client:
    """A client that exists for this actor, else NotFound."""
    require(actor, "client.read")
    client = await work.clients.get(client_id)
    if not actor.reaches_all and client.organization_id != actor.organization_id:
        raise NotFound
    require(actor, "client.manage", client.organization_id)
    return client


async def change(work: UnitOfWork, actor: Actor, client_id: str, revision: int, changes: dict[str, object]) -> Client:
    """Change name, scopes, redirect URIs or keys; enable or disable. A disabled client is out within five seconds."""
    async with work:
        client = await _managed(work, actor, client_id)
        if client.revision != revision:
            raise StaleVersion(current=client.revision)
        changed = check_client(replace(client, **changes))
        if changed.jwks:
            changed = replace(changed, secret_hashes=())
        saved = await work.clients.save(changed)
        await work.commit(_event(actor, "client.change", saved))
    return saved


async def disable(work: UnitOfWork, actor: Actor, client_id: str) -> Client:
    """Disable a client at whatever revision it is."""
    async with work:
        client = await _managed(work, actor, client_id)
        saved = await work.clients.save(replace(client, active=False))
        await work.commit(_event(actor, "client.change", saved))
    return saved


async def rotate_secret(work: UnitOfWork, actor: Actor, client_id: str) -> tuple[Client, str]:
    """Make a new secret; the one before it stays valid until the next rotation (two live secrets).

    Of two simultaneous rotations one raises StaleVersion: no secret that was given out is lost unseen.
    """
    secret = work.ids.secret()
    async with work:
        client = await _managed(work, actor, client_id)
        if client.public or client.jwks:
            raise InvalidContent(errors=[FieldError(pointer="/secret", code="not_for_this_client")])
        kept = (digest_of(secret), *client.secret_hashes[:1])
        saved = await work.clients.save(replace(client, secret_hashes=kept))
        await work.commit(_event(actor, "client.rotate_secret", saved))
    return saved, secret


async def owner_of(work: UnitOfWork, code: str) -> UUID:
    """The id of the organization with this code."""
    async with work:
        return (await work.organizations.get_by_code(code)).id
