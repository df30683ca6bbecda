"""OAuth clients: registered by staff, given keys and secrets, switched off."""

import re
import secrets
from uuid import UUID

import msgspec
from msgspec.structs import replace

from domain.actor import Actor
from domain.errors import Fault, InvalidContent, NotFound, StaleVersion
from domain.identity.oauth_grant import DEVICE_GRANT, GRANT_TYPES, digest_of, is_redirect_uri
from domain.identity.organization import Client, Role
from domain.permissions import SCOPES, require, scopes_of
from domain.ports import Event, UnitOfWork

MAX_KEYS, MAX_ADDRESSES = 4, 10
_ID = re.compile(r"\A[a-z0-9][a-z0-9._-]{1,62}\Z")
_COORDINATE = re.compile(r"\A[A-Za-z0-9_-]{43}\Z")


class ClientPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What a client shall be. `roles` are those of a machine that acts alone; a public one has none."""

    name: str
    organization_id: UUID
    scopes: frozenset[str] = frozenset()
    roles: tuple[Role, ...] = ()
    public: bool = False
    redirect_uris: tuple[str, ...] = ()
    grant_types: tuple[str, ...] = ("client_credentials",)
    jwks: dict[str, object] | None = None


def check_client(client: Client) -> Client:
    """Give the client back, or raise InvalidContent with every fault."""
    faults = [Fault(pointer=pointer, code=code) for pointer, code in _faults(client)]
    if faults:
        raise InvalidContent(errors=faults)
    return client


def _faults(client: Client) -> list[tuple[str, str]]:
    grants, uris = set(client.grant_types), client.redirect_uris
    alone, coded = "client_credentials" in grants, "authorization_code" in grants
    most = scopes_of(client.roles) if alone and not grants - {"client_credentials"} else frozenset(SCOPES)
    wrong = {
        ("/id", "invalid_value"): not _ID.match(client.id),
        ("/name", "out_of_bounds"): not 1 <= len(client.name.strip()) <= 100 or not client.name.isprintable(),
        ("/grant_types", "invalid_value"): not grants or not grants <= set(GRANT_TYPES),
        ("/grant_types", "needs_a_person"): grants == {"refresh_token"},
        ("/grant_types", "not_for_public"): client.public and alone,
        ("/roles", "not_for_public"): client.public and bool(client.roles),
        ("/roles", "required"): alone and not client.roles,
        ("/scopes", "invalid_value"): not client.scopes or not client.scopes <= most,
        ("/jwks", "not_for_public"): client.public and client.jwks is not None,
        ("/jwks", "invalid_value"): client.jwks is not None and not _is_key_set(client.jwks),
        ("/redirect_uris", "required"): coded and not uris,
        ("/redirect_uris", "out_of_bounds"): len(uris) > MAX_ADDRESSES,
        ("/redirect_uris", "invalid_value"): not all(len(uri) <= 500 and is_redirect_uri(uri) for uri in uris),
    }
    return [fault for fault, found in wrong.items() if found]


def _is_key_set(jwks: dict[str, object]) -> bool:
    """Public P-256 keys, each with its own `kid` where there are several; nothing private."""
    keys = jwks.get("keys")
    if set(jwks) != {"keys"} or not isinstance(keys, list) or not 1 <= len(keys) <= MAX_KEYS:
        return False
    return all(isinstance(key, dict) and _is_public_key(key) for key in keys)


def _is_public_key(key: dict[str, object]) -> bool:
    known = {"kty", "crv", "x", "y", "kid", "alg", "use", "key_ops"}
    points = all(isinstance(key.get(axis), str) and _COORDINATE.match(str(key[axis])) for axis in ("x", "y"))
    return set(key) <= known and key.get("kty") == "EC" and key.get("crv") == "P-256" and points


async def register(
    uow: UnitOfWork, actor: Actor, plan: ClientPlan, client_id: str | None = None
) -> tuple[Client, str | None]:
    """Register a client; gives its secret, once, where it is neither public nor has keys."""
    require(actor, "client.manage", plan.organization_id)
    secret = None if plan.public or plan.jwks else secrets.token_urlsafe(32)
    async with uow:
        organization = await uow.organizations.get(plan.organization_id)
        most = scopes_of(plan.roles) if plan.roles else frozenset(SCOPES)
        client = Client(
            id=client_id or f"{organization.code}-{secrets.token_hex(4)}",
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
        await uow.organizations.add_client(check_client(client))
        await uow.commit(_event(actor, "client.add", client))
    return client, secret


def _event(actor: Actor, verb: str, client: Client) -> Event:
    detail: dict[str, object] = {"scopes": sorted(client.scopes), "active": client.active}
    return Event(actor=actor.key, verb=verb, thing=f"client:{client.id}", detail=detail)


async def managed(uow: UnitOfWork, actor: Actor, client_id: str) -> Client:
    """A client that exists for this actor, else NotFound."""
    require(actor, "client.read")
    client = await uow.organizations.client(client_id)
    if not actor.reaches_all and client.organization_id != actor.organization_id:
        raise NotFound
    return client


async def change(uow: UnitOfWork, actor: Actor, client_id: str, revision: int, changes: dict[str, object]) -> Client:
    """Other name, scopes, addresses, keys; on or off. What was switched off is out within five seconds."""
    async with uow:
        client = await managed(uow, actor, client_id)
        require(actor, "client.manage", client.organization_id)
        if client.revision != revision:
            raise StaleVersion(current=client.revision)
        changed = check_client(replace(client, **changes, revision=revision + 1))
        if changed.jwks:
            changed = replace(changed, secret_hashes=())
        await uow.organizations.save_client(changed)
        await uow.commit(_event(actor, "client.change", changed))
    return changed


async def rotate_secret(uow: UnitOfWork, actor: Actor, client_id: str) -> tuple[Client, str]:
    """A new secret; the one before it stays good until the next rotation (two live secrets)."""
    secret = secrets.token_urlsafe(32)
    async with uow:
        client = await managed(uow, actor, client_id)
        require(actor, "client.manage", client.organization_id)
        if client.public or client.jwks:
            raise InvalidContent(errors=[Fault(pointer="/secret", code="not_for_this_client")])
        kept = (digest_of(secret), *client.secret_hashes[:1])
        changed = replace(client, secret_hashes=kept, revision=client.revision + 1)
        await uow.organizations.save_client(changed)
        await uow.commit(_event(actor, "client.rotate_secret", changed))
    return changed, secret


INTERACTIVE = ("authorization_code", "refresh_token", DEVICE_GRANT)
"""The grants of an app that acts for people."""
