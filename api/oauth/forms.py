"""Requests as Authlib takes them, checked first for input that makes Authlib fail; and its answers."""

from base64 import b64decode
from binascii import Error as Base64Error
from typing import Any

import msgspec
from authlib.oauth2.rfc6749 import OAuth2Request
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload

from domain.identity.throttle import Limit

FREE_CLIENT_FAILURES = 50
Pairs = list[tuple[str, str]]


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """One request, already read: headers with lower-case names, form (or query) pairs in order."""

    method: str
    uri: str
    headers: dict[str, str]
    pairs: Pairs
    address: str = ""

    @property
    def limit(self) -> Limit:
        """Failed client authentications count by address alone: a client's id is no secret, so nobody is locked out."""
        return Limit(f"clients@{self.address}", FREE_CLIENT_FAILURES)

    @property
    def basic(self) -> tuple[str, str] | None:
        """Id and secret of HTTP Basic."""
        header = self.headers.get("authorization", "")
        if not header.lower().startswith("basic "):
            return None
        client_id, _, secret = b64decode(header[6:]).decode().partition(":")
        return client_id, secret


class Answer(msgspec.Struct, frozen=True):
    status: int
    body: dict[str, Any]
    headers: dict[str, str]


class OAuthRequest(OAuth2Request):  # type: ignore[misc]
    def __init__(self, form: Form) -> None:
        # Behind a TLS proxy the inner address is http; the issuer's scheme is what the client saw.
        super().__init__(form.method, "https://issuer" + form.uri, headers=_AuthlibHeaders(form.headers))
        self.payload = BasicOAuth2Payload(dict(form.pairs))
        self._form = dict(form.pairs)
        self.sent = form

    @property
    def form(self) -> dict[str, str]:
        return self._form

    @property
    def args(self) -> dict[str, str]:
        return self._form


class _AuthlibHeaders(dict[str, str]):
    """Case-insensitive lookup of lower-case names."""

    def get(self, key: str, default: Any = None) -> Any:
        return super().get(key.lower(), default)

    def __getitem__(self, key: str) -> str:
        return super().__getitem__(key.lower())

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and super().__contains__(key.lower())


def refused(error: str, description: str, status: int = 400) -> Answer:
    return Answer(status, {"error": error, "error_description": description}, {"cache-control": "no-store"})


def too_many_failures(seconds: int) -> Answer:
    """Too many failures: 429 with the time to wait."""
    headers = {"cache-control": "no-store", "retry-after": str(seconds)}
    return Answer(429, {"error": "temporarily_unavailable", "error_description": "too many failures"}, headers)


def check_pairs(pairs: Pairs) -> Answer | None:
    """Refuse repeated parameters (RFC 6749 section 3.1) and NUL."""
    names = [name for name, _ in pairs]
    if len(names) != len(set(names)):
        return refused("invalid_request", "a parameter is repeated")
    if any("\0" in name or "\0" in value for name, value in pairs):
        return refused("invalid_request", "NUL in a parameter")
    return None


def check_form(form: Form) -> Answer | None:
    """Refuse repeats, NUL, two ways of authenticating (RFC 6749 section 2.3) and broken Basic."""
    if found := check_pairs(form.pairs):
        return found
    header = form.headers.get("authorization", "")
    sent = dict(form.pairs)
    methods = [bool(header), "client_secret" in sent, "client_assertion" in sent]
    if sum(methods) > 1:
        return refused("invalid_request", "more than one client authentication method")
    if "client_secret" in sent:
        return refused("invalid_client", "client_secret_post is not supported: send the secret with HTTP Basic", 401)
    if header.lower().startswith("basic "):
        try:
            decoded = b64decode(header[6:], validate=True).decode()
        except (Base64Error, ValueError):
            return refused("invalid_request", "Authorization is not Basic in UTF-8")
        if "\0" in decoded or ":" not in decoded:
            return refused("invalid_request", "Authorization is not id:secret")
    if "client_assertion" in sent and not sent["client_assertion"].isascii():
        return refused("invalid_request", "client_assertion is not a JWT")
    return None
