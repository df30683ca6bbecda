"""Sign-in through the province's OpenID Connect provider: the redirect there and the callback."""

import secrets
from typing import Any

import msgspec
from litestar import Response, get

from api.dependencies import AnyRequest, Unit, services_of
from api.identity.browser import PAGE, Browser, browser_of, see_other
from api.identity.sign_in import complete, safe_next
from domain.errors import Forbidden, IdTaken, NotFound, Unauthenticated
from domain.identity.actions import members, sign_in
from domain.identity.member import Member
from domain.unit_of_work import UnitOfWork

_TRIP = "lantoa_provider"
_SECONDS = 600
_TITLE = ("Đăng nhập bằng tài khoản của tỉnh", "Sign in with the province's account")


class RoundTrip(msgspec.Struct, frozen=True, kw_only=True):
    """State that this browser must bring back; stored encrypted in a cookie."""

    state: str
    nonce: str
    verifier: str
    location: str
    invitation: str = ""


@get("/oauth/provider", **PAGE)
async def redirect_to_provider(request: AnyRequest) -> Response[Any]:
    """Redirect to the provider, with a state, a nonce and a PKCE challenge of this browser's own."""
    browser = browser_of(request)
    services = services_of(request)
    if services.provider is None:
        raise NotFound
    trip = RoundTrip(
        state=secrets.token_urlsafe(24),
        nonce=secrets.token_urlsafe(24),
        verifier=secrets.token_urlsafe(48),
        location=safe_next(request.query_params.get("next", "")),
        invitation=request.query_params.get("invitation", "")[:100],
    )
    address = await services.provider.address(trip.state, trip.nonce, trip.verifier)
    encrypted = services.encryption.encrypt(_TRIP, msgspec.json.encode(trip)).hex()
    return see_other(address, browser.cookie(_TRIP, encrypted, _SECONDS))


@get("/oauth/provider/callback", **PAGE)
async def handle_callback(request: AnyRequest, work: Unit) -> Response[Any]:
    """Redeem the code: for a linked account, or for an invitation of exactly this verified e-mail address."""
    browser = browser_of(request)
    services, trip, query = services_of(request), _trip(browser), request.query_params
    if (
        services.provider is None
        or trip is None
        or not secrets.compare_digest(trip.state.encode(), query.get("state", "").encode())
    ):
        return _refused(browser, 400)
    try:
        identity = await services.provider.identity(query.get("code", ""), trip.nonce, trip.verifier)
    except Unauthenticated:
        return _refused(browser, 401)
    member = await sign_in.find_member_of_provider(work, identity.subject)
    if member is None and trip.invitation and identity.email:
        member = await _accept(work, trip.invitation, members.ProviderIdentity(identity.subject, identity.email))
    if member is None:
        return _refused(browser, 403)
    response = await complete(browser, work, member, trip.location)
    response.cookies.append(browser.cookie(_TRIP, "", 0))
    return response


async def _accept(work: UnitOfWork, invitation: str, identity: members.ProviderIdentity) -> Member | None:
    """Make the invited member; the user name comes from the address."""
    local = identity.email.partition("@")[0]
    name = "".join(c for c in local if c.isascii() and (c.isalnum() or c in "._-")).strip("._-")
    for login in (name[:40] or "thanh.vien", f"{name[:40] or 'thanh.vien'}.{secrets.token_hex(3)}"):
        try:
            return await members.accept(work, invitation, login=login, name=login, proof=identity)
        except IdTaken:
            continue
        except (NotFound, Forbidden):
            return None
    return None


def _trip(browser: Browser) -> RoundTrip | None:
    try:
        encrypted = bytes.fromhex(browser.stored(_TRIP))
        encryption = services_of(browser.request).encryption
        return msgspec.json.decode(encryption.decrypt(_TRIP, encrypted), type=RoundTrip)
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


ROUTES = [redirect_to_provider, handle_callback]
