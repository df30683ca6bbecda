"""Sign-in through an OpenID Connect provider (OpenID Connect Core 1.0), with Authlib as the client."""

import time
from typing import Any

import httpx
import msgspec
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from adapters.oidc_config import ProviderConfig
from domain.errors import Unauthenticated, Unavailable

_SECONDS = 5.0
_KEPT_SECONDS = 300.0
_ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]
_LEEWAY = 30


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """The identity that the provider asserts. `email` only where the provider has verified it."""

    subject: str
    email: str | None = None


class ProviderClient:
    """Metadata and keys are cached for five minutes; while the provider does not answer, its sign-in is Unavailable."""

    def __init__(self, provider: ProviderConfig, redirect_uri: str) -> None:
        self._provider = provider
        self._redirect_uri = redirect_uri
        self._known: dict[str, tuple[float, Any]] = {}

    def _client(self, **more: Any) -> AsyncOAuth2Client:
        about = self._provider
        return AsyncOAuth2Client(
            about.client_id,
            about.client_secret,
            redirect_uri=self._redirect_uri,
            scope="openid email",
            code_challenge_method="S256",
            timeout=_SECONDS,
            **more,
        )

    async def _read(self, url: str) -> Any:
        kept = self._known.get(url)
        if kept and time.monotonic() < kept[0]:
            return kept[1]
        try:
            async with httpx.AsyncClient(timeout=_SECONDS) as http:
                answer = (await http.get(url)).raise_for_status().json()
        except (httpx.HTTPError, ValueError) as error:
            raise Unavailable(part="provider") from error
        self._known[url] = (time.monotonic() + _KEPT_SECONDS, answer)
        return answer

    async def _metadata(self) -> dict[str, Any]:
        answer: dict[str, Any] = await self._read(f"{self._provider.issuer}/.well-known/openid-configuration")
        if str(answer.get("issuer", "")).rstrip("/") != self._provider.issuer:
            raise Unavailable(part="provider")  # OpenID Connect Discovery 1.0 section 4.3
        return answer

    async def address(self, state: str, nonce: str, verifier: str) -> str:
        """The authorization URL that the browser is sent to."""
        endpoint = (await self._metadata())["authorization_endpoint"]
        async with self._client() as client:
            url, _ = client.create_authorization_url(endpoint, state=state, nonce=nonce, code_verifier=verifier)
        return str(url)

    async def identity(self, code: str, nonce: str, verifier: str) -> Identity:
        """Redeem the code and read the ID token. Raises Unauthenticated when anything does not fit."""
        metadata = await self._metadata()
        try:
            async with self._client() as client:
                token = await client.fetch_token(metadata["token_endpoint"], code=code, code_verifier=verifier)
                claims = await self._claims(metadata, token["id_token"], nonce)
                if "email" not in claims and "userinfo_endpoint" in metadata:
                    claims = await _completed(client, metadata["userinfo_endpoint"], claims)
        except httpx.HTTPError as error:
            raise Unavailable(part="provider") from error
        except (OAuthError, JoseError, KeyError, ValueError, TypeError) as error:
            raise Unauthenticated from error
        verified = claims.get("email_verified") is True and isinstance(claims.get("email"), str)
        return Identity(subject=str(claims["sub"]), email=str(claims["email"]).lower() if verified else None)

    async def _claims(self, metadata: dict[str, Any], id_token: str, nonce: str) -> dict[str, Any]:
        """Section 3.1.3.7: signature, issuer, audience, time, nonce."""
        keys = KeySet.import_key_set(await self._read(metadata["jwks_uri"]))
        claims: dict[str, Any] = jwt.decode(id_token, keys, algorithms=_ALGORITHMS).claims
        audience = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        fits = (
            claims["iss"] == metadata["issuer"]
            and audience == [self._provider.client_id]
            and claims["nonce"] == nonce
            and claims["exp"] + _LEEWAY > time.time()
            and bool(claims["sub"])
        )
        if not fits:
            raise ValueError("the ID token is not for us")
        return claims


async def _completed(client: AsyncOAuth2Client, endpoint: str, claims: dict[str, Any]) -> dict[str, Any]:
    """Add the e-mail from the userinfo endpoint, whose subject must be the same (section 5.3.2)."""
    answer = (await client.get(endpoint)).raise_for_status().json()
    if answer.get("sub") != claims["sub"]:
        raise ValueError("userinfo of somebody else")
    return claims | {name: answer[name] for name in ("email", "email_verified") if name in answer}
