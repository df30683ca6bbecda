"""One's own account: password, signing out, and accepting an invitation."""

from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency

from api.dependencies import Parts
from api.identity.browser import LOGIN, PAGE, Asked, Browser, see_other
from api.identity.sign_in import ADDRESS_FREE, complete, signed_in
from domain.errors import InvalidContent, NotFound, Refusal
from domain.identity.actions import members
from domain.identity.login import Login, check_password
from domain.identity.organization import Member

_ACCOUNT = ("Tài khoản", "Your account")
_INVITE = ("Tạo tài khoản", "Create your account")


def _easy(browser: Browser) -> str:
    return browser.text(
        "Mật khẩu cần 12 đến 128 ký tự, không quá dễ đoán.", "A password has 12 to 128 characters, not too easy."
    )


@get("/account", **PAGE)
async def show_account(request: Asked, parts: NamedDependency[Parts]) -> Response[Any]:
    """Change the password, sign out."""
    browser = parts.browser(request)
    found = await signed_in(browser, parts)
    if isinstance(found, Response):
        return found
    return browser.page("account", *_ACCOUNT, member=found[1])


@post("/account/password", **PAGE)
async def change_password(request: Asked, parts: NamedDependency[Parts]) -> Response[Any]:
    """Every session of the member ends, this one too."""
    browser = parts.browser(request)
    form = await browser.form()
    found: tuple[Login, Member] | Response[Any] = await signed_in(browser, parts)
    if isinstance(found, Response):
        return found
    member, key = found[1], f"login:{found[1].login}"
    if wait := await parts.accounts.attempt((key, 5)):
        return browser.busy(wait)
    known = await parts.accounts.by_login(member.login)
    if known is None or not await parts.password_matches(known[1], form.get("old", "")[:128]):
        await parts.accounts.failed(f"member:{member.id}")
        wrong = browser.text("Mật khẩu hiện tại không đúng.", "The present password is wrong.")
        return browser.page("account", *_ACCOUNT, status=401, error=wrong, member=member)
    await parts.accounts.succeeded(key)
    try:
        password = check_password(form.get("password", ""), login=member.login)
    except InvalidContent:
        return browser.page("account", *_ACCOUNT, status=422, error=_easy(browser), member=member)
    await parts.accounts.set_password(member, password)
    return see_other("/oauth/login?next=/account", browser.cookie(LOGIN, "", 0))


@post("/account/logout", **PAGE)
async def log_out(request: Asked, parts: NamedDependency[Parts]) -> Response[Any]:
    """This browser is out; apps stay in until they are revoked."""
    browser = parts.browser(request)
    await browser.form()
    if browser.login:
        await parts.accounts.close_login(browser.login)
    return see_other("/oauth/login", browser.cookie(LOGIN, "", 0))


async def _invitation(browser: Browser, parts: Parts, code: str, **about: Any) -> Response[Any]:
    key = f"invite:{browser.address}"
    if wait := await parts.accounts.attempt((key, ADDRESS_FREE)):
        return browser.busy(wait)
    try:
        invitation = await members.invitation(parts.work(), code)
    except NotFound:
        await parts.accounts.failed("anonymous")
        text = browser.text(
            "Lời mời này không có, đã dùng hoặc đã hết hạn. Hãy xin lời mời mới.",
            "There is no such invitation, or it was used or has expired. Ask for a new one.",
        )
        return browser.page("message", *_INVITE, status=404, text=text)
    await parts.accounts.succeeded(key)
    provider = bool(parts.settings.provider)
    name = invitation.organization.name
    return browser.page("invite", *_INVITE, organization=name, code=code, provider=provider, **about)


@get("/invite", **PAGE)
async def show_invitation(request: Asked, parts: NamedDependency[Parts]) -> Response[Any]:
    """`?code=` comes with the link that a coordinator passed on."""
    return await _invitation(parts.browser(request), parts, request.query_params.get("code", ""))


@post("/invite", **PAGE)
async def accept_invitation(request: Asked, parts: NamedDependency[Parts]) -> Response[Any]:
    """Make the account and sign in."""
    browser = parts.browser(request)
    form = await browser.form()
    code, login = form.get("code", ""), form.get("login", "").strip().lower()
    try:
        password = check_password(form.get("password", ""), login=login or "-")
        member = await members.accept(parts.work(), code, login=login, name=form.get("name", ""))
    except NotFound:
        return await _invitation(browser, parts, code)
    except Refusal as refusal:
        told = browser.text("Tên đăng nhập không hợp lệ hoặc đã có.", "The user name is not valid or is taken.")
        easy = any(fault.pointer == "/password" for fault in refusal.errors)
        return await _invitation(browser, parts, code, status=422, error=_easy(browser) if easy else told)
    await parts.accounts.set_password(member, password)
    return await complete(browser, parts, member, "/account")


ROUTES = [show_account, change_password, log_out, show_invitation, accept_invitation]
