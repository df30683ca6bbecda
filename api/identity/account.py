"""A person's own account: password, signing out, accepting an invitation."""

from typing import Any

from litestar import Response, get, post

from api.dependencies import AnyRequest, Unit, services_of
from api.identity.browser import LOGIN, PAGE, Browser, browser_of, see_other
from api.identity.sign_in import address_limit, complete, login_limits, signed_in
from domain.errors import InvalidContent, NotFound, Refusal
from domain.identity.actions import members, sign_in
from domain.identity.login import MAX_PASSWORD, check_password
from domain.unit_of_work import UnitOfWork

_ACCOUNT = ("Tài khoản", "Your account")
_INVITATION = ("Tạo tài khoản", "Create your account")


def _too_easy(browser: Browser) -> str:
    return browser.text(
        "Mật khẩu cần 12 đến 128 ký tự, không quá dễ đoán.", "A password has 12 to 128 characters, not too easy."
    )


@get("/account", **PAGE)
async def show_account(request: AnyRequest, work: Unit) -> Response[Any]:
    """Show the account page."""
    browser = browser_of(request)
    found = await signed_in(browser, work)
    if isinstance(found, Response):
        return found
    return browser.page("account", *_ACCOUNT, member=found[1])


@post("/account/password", **PAGE)
async def change_password(request: AnyRequest, work: Unit) -> Response[Any]:
    """Change the password. Every session of the member ends, this one too."""
    browser = browser_of(request)
    form = await browser.form()
    found = await signed_in(browser, work)
    if isinstance(found, Response):
        return found
    member = found[1]
    limits = login_limits(browser, work, member.login)
    if wait := await sign_in.attempt(work, *limits):
        return browser.too_many_failures(wait)
    passwords = services_of(request).authenticator.passwords
    _, right = await sign_in.authenticate(work, passwords, member.login, form.get("old", "")[:MAX_PASSWORD])
    if not right:
        await sign_in.record_failure(work, member.key)
        wrong = browser.text("Mật khẩu hiện tại không đúng.", "The present password is wrong.")
        return browser.page("account", *_ACCOUNT, status=401, error=wrong, member=member)
    await sign_in.record_success(work, *limits)
    try:
        password = check_password(form.get("password", ""), login=member.login)
    except InvalidContent:
        return browser.page("account", *_ACCOUNT, status=422, error=_too_easy(browser), member=member)
    await sign_in.set_password(work, passwords, member, password)
    return see_other("/oauth/login?next=/account", browser.cookie(LOGIN, "", 0))


@post("/account/logout", **PAGE)
async def log_out(request: AnyRequest, work: Unit) -> Response[Any]:
    """Sign this browser out; apps stay authorized until they are revoked."""
    browser = browser_of(request)
    await browser.form()
    if browser.login:
        await sign_in.close_login(work, browser.login)
    return see_other("/oauth/login", browser.cookie(LOGIN, "", 0))


async def _invitation(browser: Browser, work: UnitOfWork, code: str, **about: Any) -> Response[Any]:
    limit = address_limit(browser, "invitation")
    if wait := await sign_in.attempt(work, limit):
        return browser.too_many_failures(wait)
    try:
        _, organization = await members.get_invitation(work, code)
    except NotFound:
        await sign_in.record_failure(work, "anonymous")
        text = browser.text(
            "Lời mời này không có, đã dùng hoặc đã hết hạn. Hãy xin lời mời mới.",
            "There is no such invitation, or it was used or has expired. Ask for a new one.",
        )
        return browser.page("message", *_INVITATION, status=404, text=text)
    await sign_in.record_success(work, limit)
    provider = bool(services_of(browser.request).settings.provider)
    about |= {"organization": organization.name, "code": code, "provider": provider}
    return browser.page("invite", *_INVITATION, **about)


@get("/invite", **PAGE)
async def show_invitation(request: AnyRequest, work: Unit) -> Response[Any]:
    """Show an invitation; `?code=` comes with the link that a coordinator passed on."""
    return await _invitation(browser_of(request), work, request.query_params.get("code", ""))


@post("/invite", **PAGE)
async def accept_invitation(request: AnyRequest, work: Unit) -> Response[Any]:
    """Make the account and sign in."""
    browser = browser_of(request)
    form = await browser.form()
    code, login = form.get("code", ""), form.get("login", "").strip().lower()
    try:
        password = check_password(form.get("password", ""), login=login or "-")
        proof = members.NewPassword(services_of(request).authenticator.passwords, password)
        member = await members.accept(work, code, login=login, name=form.get("name", ""), proof=proof)
    except NotFound:
        return await _invitation(browser, work, code)
    except Refusal as refusal:
        taken = browser.text("Tên đăng nhập không hợp lệ hoặc đã có.", "The user name is not valid or is taken.")
        easy = any(error.pointer == "/password" for error in refusal.errors)
        return await _invitation(browser, work, code, status=422, error=_too_easy(browser) if easy else taken)
    return await complete(browser, work, member, "/account")


ROUTES = [show_account, change_password, log_out, show_invitation, accept_invitation]
