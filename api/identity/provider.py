"""Sign-in through the province's OpenID Connect provider: there, and back."""

import secrets
from typing import Any

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency

from api.dependencies import Parts
from api.identity.browser import PAGE, Asked, Browser, see_other
from api.identity.sign_in import complete, safe_next
from domain.errors import Forbidden, IdTaken, NotFound, Unauthenticated
from domain.identity.actions import members
from domain.identity.organization import Member

_TRIP = "lantoa_provider"
_SECONDS = 600
_TITLE = ("Đăng nhập bằng tài khoản của tỉnh", "Sign in with the province's account")


class Trip(msgspec.Struct, frozen=True, kw_only=True):
    """What this browser must bring back; it rests sealed in a cookie."""

    state: str
    nonce: str
    verifier: str
    where: str
    invitation: str = ""


@get("/oauth/provider", **PAGE)
async def depart(request: Asked, parts: NamedDependency[Parts]) -> Response[Any]:
    """To the provider, with a state, a nonce and a PKCE challenge of this browser's own."""
    browser = parts.browser(request)
    if parts.provider is None:
        raise NotFound
    trip = Trip(
        state=secrets.token_urlsafe(24),
        nonce=secrets.token_urlsafe(24),
        verifier=secrets.token_urlsafe(48),
        where=safe_next(request.query_params.get("next", "")),
        invitation=request.query_params.get("invitation", "")[:100],
    )
    address = await parts.provider.address(trip.state, trip.nonce, trip.verifier)
    sealed = parts.seal(_TRIP, msgspec.json.encode(trip)).hex()
    return see_other(address, browser.cookie(_TRIP, sealed, _SECONDS))


@get("/oauth/provider/callback", **PAGE)
async def arrive(request: Asked, parts: NamedDependency[Parts]) -> Response[Any]:
    """Back with a code: an account that is linked, or an invitation for exactly this verified e-mail."""
    browser = parts.browser(request)
    trip, query = _trip(browser, parts), request.query_params
    if (
        parts.provider is None
        or trip is None
        or not secrets.compare_digest(trip.state.encode(), query.get("state", "").encode())
    ):
        return _refused(browser, 400)
    try:
        who = await parts.provider.identity(query.get("code", ""), trip.nonce, trip.verifier)
    except Unauthenticated:
        return _refused(browser, 401)
    member = await parts.accounts.by_subject(who.subject)
    if member is None and trip.invitation and who.email:
        member = await _accept(parts, trip.invitation, who.email)
        if member:
            await parts.accounts.link(member, who.subject)
    if member is None:
        return _refused(browser, 403)
    answer = await complete(browser, parts, member, trip.where)
    answer.cookies.append(browser.cookie(_TRIP, "", 0))
    return answer


async def _accept(parts: Parts, invitation: str, email: str) -> Member | None:
    """Make the invited member; the user name comes from the address."""
    name = "".join(c for c in email.partition("@")[0] if c.isascii() and (c.isalnum() or c in "._-")).strip("._-")
    for login in (name[:40] or "thanh.vien", f"{name[:40] or 'thanh.vien'}.{secrets.token_hex(3)}"):
        try:
            return await members.accept(parts.work(), invitation, login=login, name=login, verified_email=email)
        except IdTaken:
            continue
        except (NotFound, Forbidden):
            return None
    return None


def _trip(browser: Browser, parts: Parts) -> Trip | None:
    try:
        sealed = bytes.fromhex(browser.kept(_TRIP))
        return msgspec.json.decode(parts.unseal(_TRIP, sealed), type=Trip)
    except (ValueError, msgspec.MsgspecError):
        return None


def _refused(browser: Browser, status: int) -> Response[Any]:
    text = browser.text(
        "Tài khoản của tỉnh chưa được liên kết ở đây, hoặc lần đăng nhập đã hết hạn. "
        "Hãy mở lời mời được gửi tới địa chỉ thư của tài khoản đó, hoặc thử lại.",
        "This account is not linked here, or the sign-in took too long. "
        "Open the invitation that was made for its e-mail address, or try again.",
    )
    return browser.page("message", *_TITLE, status=status, text=text)


ROUTES = [depart, arrive]
