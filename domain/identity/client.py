"""OAuth clients: machines that act alone and apps that act for people."""

import re
from uuid import UUID

import msgspec

from domain.errors import FieldError, InvalidContent
from domain.identity.member import Role
from domain.identity.oauth_grant import DEVICE_GRANT, GRANT_TYPES, is_redirect_uri
from domain.noun import Noun
from domain.scopes import SCOPES, scopes_of

MAX_KEYS, MAX_REDIRECT_URIS, MAX_REDIRECT_URI_CHARACTERS = 4, 10, 500
INTERACTIVE = ("authorization_code", "refresh_token", DEVICE_GRANT)
"""The grants of an app that acts for people."""
_ID = re.compile(r"\A[a-z0-9][a-z0-9._-]{1,62}\Z")
_COORDINATE = re.compile(r"\A[A-Za-z0-9_-]{43}\Z")
_JWK_MEMBERS = frozenset({"kty", "crv", "x", "y", "kid", "alg", "use", "key_ops"})


class Client(Noun, frozen=True, kw_only=True):
    """A machine or app registered for OAuth (RFC 6749 section 2). Secrets are SHA-256 digests, at most two.

    `roles` say what it may do when it acts alone; its scopes bound every token it gets. `public` ones (in a browser, on
    a phone) have no secret and may only act for people.
    """

    id: str
    name: str
    organization_id: UUID
    scopes: frozenset[str]
    roles: tuple[Role, ...] = ("outlet_manager",)
    secret_hashes: tuple[bytes, ...] = ()
    jwks: dict[str, object] | None = None
    active: bool = True
    public: bool = False
    redirect_uris: tuple[str, ...] = ()
    grant_types: tuple[str, ...] = ("client_credentials",)
    revision: int = 1

    @property
    def auth_method(self) -> str:
        """The one way in which it authenticates (RFC 7591 section 2, `token_endpoint_auth_method`)."""
        if self.public:
            return "none"
        return "private_key_jwt" if self.jwks else "client_secret_basic"


def check_client(client: Client) -> Client:
    """Give the client back, or raise InvalidContent with every wrong field."""
    errors = [FieldError(pointer=pointer, code=code) for pointer, code in _errors(client)]
    if errors:
        raise InvalidContent(errors=errors)
    return client


def _errors(client: Client) -> list[tuple[str, str]]:
    grants, uris = set(client.grant_types), client.redirect_uris
    machine, coded = "client_credentials" in grants, "authorization_code" in grants
    most = scopes_of(client.roles) if machine and not grants - {"client_credentials"} else frozenset(SCOPES)
    short = all(len(uri) <= MAX_REDIRECT_URI_CHARACTERS for uri in uris)
    wrong = {
        ("/id", "invalid_value"): not _ID.match(client.id),
        ("/name", "out_of_bounds"): not 1 <= len(client.name.strip()) <= 100 or not client.name.isprintable(),
        ("/grant_types", "invalid_value"): not grants or not grants <= set(GRANT_TYPES),
        ("/grant_types", "needs_a_person"): grants == {"refresh_token"},
        ("/grant_types", "not_for_public"): client.public and machine,
        ("/roles", "not_for_public"): client.public and bool(client.roles),
        ("/roles", "required"): machine and not client.roles,
        ("/scopes", "invalid_value"): not client.scopes or not client.scopes <= most,
        ("/jwks", "not_for_public"): client.public and client.jwks is not None,
        ("/jwks", "invalid_value"): client.jwks is not None and not _is_key_set(client.jwks),
        ("/redirect_uris", "required"): coded and not uris,
        ("/redirect_uris", "out_of_bounds"): len(uris) > MAX_REDIRECT_URIS,
        ("/redirect_uris", "invalid_value"): not (short and all(map(is_redirect_uri, uris))),
    }
    return [error for error, found in wrong.items() if found]


def _is_key_set(jwks: dict[str, object]) -> bool:
    """Whether it holds one to four public P-256 keys and nothing private."""
    keys = jwks.get("keys")
    if set(jwks) != {"keys"} or not isinstance(keys, list) or not 1 <= len(keys) <= MAX_KEYS:
        return False
    return all(isinstance(key, dict) and _is_public_key(key) for key in keys)


def _is_public_key(key: dict[str, object]) -> bool:
    points = all(isinstance(key.get(axis), str) and _COORDINATE.match(str(key[axis])) for axis in ("x", "y"))
    return set(key) <= _JWK_MEMBERS and key.get("kty") == "EC" and key.get("crv") == "P-256" and points


class ClientPlan(msgspec.Struct, frozen=True, kw_only=True):
    """A client to be registered. Without `scopes` it gets all that its roles allow."""

    name: str
    organization_id: UUID
    scopes: frozenset[str] = frozenset()
    roles: tuple[Role, ...] = ()
    public: bool = False
    redirect_uris: tuple[str, ...] = ()
    grant_types: tuple[str, ...] = ("client_credentials",)
    jwks: dict[str, object] | None = None
