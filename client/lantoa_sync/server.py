"""Talking to the server: tokens, feeds, media, takedowns. Knows only what openapi/sync.md says."""

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx
import msgspec
from joserfc import jwt
from joserfc.jwk import ECKey

from lantoa_sync.errors import CursorExpired, Gone, NotEqual, Refused, Revoked, Unreachable
from lantoa_sync.feed import Digest, Page, read_digest, read_page

_ATTEMPTS = 5
_ATTEMPTS_OF_A_DIGEST = 30
"""Of a channel of millions it is made in parts, and 503 between them."""
PAGE = 500
"""Changes that we ask for at a time: the most there may be."""
T = TypeVar("T")
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class Server:
    """One server and our credentials for it. Temporary failures are tried again, then raise Unreachable."""

    def __init__(self, base: str, client_id: str, secret: str | None, key: Path | None, *, proxy: bool) -> None:
        self._base = base.rstrip("/")
        self._client_id = client_id
        self._secret = secret
        self._key = ECKey.import_key(key.read_bytes()) if key else None
        self._proxy = proxy
        self._http = httpx.Client(timeout=httpx.Timeout(30, connect=5))
        self._token = ""
        self._token_until = 0.0

    def close(self) -> None:
        self._http.close()

    def keys(self) -> list[dict[str, Any]]:
        """The public keys that documents may be signed with."""
        found: list[dict[str, Any]] = self._json("/.well-known/jwks.json", authorized=False)["keys"]
        return found

    def changes(self, channel: str, since: str | None, wait: int = 0) -> Page:
        """One page. CursorExpired and Revoked are raised; Refused names the channels that we do have."""
        query: dict[str, str | int] = {"limit": PAGE, "wait": wait} | ({"since": since} if since else {})
        answer = self._send("GET", f"/v1/channels/{channel}/changes", params=query)
        if answer.status_code == 404:
            ours = ", ".join(item["slug"] for item in self._json("/v1/channels")["items"])
            raise Refused(f"no channel {channel!r}; you have: {ours}")
        return _read(read_page, answer)

    def digest(self, channel: str, at: str) -> Digest | None:
        """The channel's digest at our cursor; None when the channel has moved on."""
        path = f"/v1/channels/{channel}/digest"
        answer = self._send("GET", path, params={"at": at}, attempts=_ATTEMPTS_OF_A_DIGEST)
        return None if answer.status_code == 409 else _read(read_digest, answer)

    def organization(self) -> str:
        return str(self._json("/v1/me")["organization"]["id"])

    def takedowns(self) -> list[dict[str, Any]]:
        """Everything that waits for our answer."""
        items: list[dict[str, Any]] = []
        query: dict[str, str | int] = {"waiting": "true", "limit": 200}
        while True:
            page = self._json("/v1/takedowns", query)
            items += page["items"]
            if "next" not in page:
                return items
            query["cursor"] = page["next"]

    def acknowledge(self, takedown: str, organization: str, status: str) -> None:
        _checked(self._send("PUT", f"/v1/takedowns/{takedown}/acks/{organization}", json={"status": status}))

    @contextmanager
    def media(self, href: str, headers: dict[str, str]) -> Iterator[httpx.Response]:
        """Open a download. The token goes to our server only, never to where it sends us."""
        if not href.startswith("/v1/media/"):
            raise NotEqual(f"unexpected media address {href!r}")
        first = self._send(
            "GET",
            href,
            params={"delivery": "proxy" if self._proxy else "redirect"},
            headers=headers,
            stream=True,
        )
        try:
            if first.status_code == 410:
                raise Gone(href)
            if first.is_redirect:
                with self._http.stream("GET", first.headers["location"], headers=headers) as moved:
                    yield moved
            else:
                yield first
        except httpx.HTTPError as error:
            raise Unreachable(f"download broke: {type(error).__name__}") from error
        finally:
            first.close()

    def _json(
        self, path: str, params: dict[str, str | int] | None = None, *, authorized: bool = True
    ) -> dict[str, Any]:
        return _checked(self._send("GET", path, params=params, authorized=authorized))

    def _send(
        self,
        method: str,
        path: str,
        *,
        authorized: bool = True,
        stream: bool = False,
        attempts: int = _ATTEMPTS,
        **request: Any,
    ) -> httpx.Response:
        """Send, with a fresh token; 503, 429 and broken lines are tried again after the time the server names."""
        headers = request.pop("headers", {})
        why = ""
        for attempt in range(attempts):
            if authorized:
                headers = {**headers, "authorization": f"Bearer {self._fresh_token()}"}
            try:
                built = self._http.build_request(method, self._base + path, headers=headers, **request)
                answer = self._http.send(built, stream=stream)
            except httpx.HTTPError as error:
                why = type(error).__name__
                time.sleep(min(2**attempt * 0.2, 5))
                continue
            if answer.status_code in (429, 503):
                why = f"HTTP {answer.status_code}"
                answer.close()
                time.sleep(min(float(answer.headers.get("retry-after", "1")), 30))
            elif answer.status_code == 401 and authorized and attempt == 0:
                answer.close()
                self._token_until = 0.0
            else:
                return answer
        raise Unreachable(f"{self._base} does not answer ({why})")

    def _fresh_token(self) -> str:
        if time.monotonic() < self._token_until:
            return self._token
        form = {"grant_type": "client_credentials"}
        auth: httpx.Auth = httpx.Auth()
        if self._key:
            form |= {"client_assertion_type": _ASSERTION, "client_assertion": self._assertion()}
        else:
            auth = httpx.BasicAuth(self._client_id, self._secret or "")
        try:
            answer = self._http.post(f"{self._base}/oauth/token", data=form, auth=auth)
        except httpx.HTTPError as error:
            raise Unreachable(f"{self._base} does not answer ({type(error).__name__})") from error
        if answer.status_code in (400, 401):
            raise Refused(f"no token: {answer.json().get('error')}")
        if answer.status_code != 200:
            raise Unreachable(f"no token: HTTP {answer.status_code}")
        issued = answer.json()
        self._token, self._token_until = issued["access_token"], time.monotonic() + issued["expires_in"] - 30
        return self._token

    def _assertion(self) -> str:
        assert self._key is not None
        issuer = _checked(self._http.get(f"{self._base}/.well-known/oauth-authorization-server"))["issuer"]
        now = int(time.time())
        claims = {"iss": self._client_id, "sub": self._client_id, "aud": issuer, "iat": now, "exp": now + 120}
        header = {"alg": "ES256"} | ({"kid": self._key.kid} if self._key.kid else {})
        return jwt.encode(header, claims | {"jti": secrets.token_urlsafe(16)}, self._key, algorithms=["ES256"])


def _read(read: Callable[[bytes], T], answer: httpx.Response) -> T:
    """Give what a good answer says, else raise what its code means."""
    if not answer.is_success:
        _checked(answer)
    try:
        return read(answer.content)
    except msgspec.DecodeError as error:
        raise NotEqual(f"{answer.request.url.path}: {error}") from error


def _checked(answer: httpx.Response) -> dict[str, Any]:
    """Give the JSON of a good answer, else raise what its code means."""
    body: dict[str, Any] = answer.json() if "json" in answer.headers.get("content-type", "") else {}
    if answer.is_success:
        return body
    code = body.get("code", f"HTTP {answer.status_code}")
    if code == "grant_revoked":
        raise Revoked(body.get("detail", code))
    if code in ("cursor_expired", "cursor_invalid"):
        raise CursorExpired
    if answer.status_code in (401, 403, 404):
        raise Refused(f"{code}: {body.get('detail', '')}")
    raise Unreachable(f"{code}: {body.get('detail', '')}")
