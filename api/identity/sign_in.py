"""Signing in: password, second factor, first enrolment. One page after the other at the same address."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any
from urllib.parse import quote, urlsplit

import segno
from litestar import Response, get, post

from api.dependencies import AnyRequest, Unit, services_of
from api.identity.browser import LOGIN, PAGE, Browser, browser_of, see_other
from domain.errors import MalformedRequest
from domain.identity.actions import sign_in
from domain.identity.login import LOGIN_LIFETIME, MAX_PASSWORD, Login, needs_second_factor
from domain.identity.member import Member
from domain.identity.throttle import FREE_FAILURES_BY_ADDRESS, Limit
from domain.unit_of_work import UnitOfWork

_LOGIN_SECONDS = int(LOGIN_LIFETIME.total_seconds())


def path_of(request: AnyRequest) -> str:
    """Path and query of this page."""
    return str(request.url.path) + (f"?{request.url.query}" if request.url.query else "")


def safe_next(location: str) -> str:
    """The location if it is one of our own pages, else the account page: a sign-in never leads elsewhere."""
    split = urlsplit(location)
    own = split.path.startswith(("/oauth/authorize", "/oauth/device", "/account"))
    return location if own and not split.scheme and not split.netloc and location.isprintable() else "/account"


def address_limit(browser: Browser, purpose: str = "address") -> Limit:
    return Limit(f"{purpose}:{browser.address}", FREE_FAILURES_BY_ADDRESS)


async def signed_in(browser: Browser, work: UnitOfWork) -> tuple[Login, Member] | Response[None]:
    """The complete login of this browser, or a redirect to the sign-in page and back."""
    found = await sign_in.find_login(work, browser.login)
    if found and found[0].complete:
        return found
    return see_other(f"/oauth/login?next={quote(path_of(browser.request), safe='')}")


@get("/oauth/login", **PAGE)
async def show_login(request: AnyRequest, work: Unit) -> Response[Any]:
    """Show the step that is due."""
    return await _step(browser_of(request), work, safe_next(request.query_params.get("next", "")))


async def _step(
    browser: Browser, work: UnitOfWork, location: str, *, status: int = 200, error: str = ""
) -> Response[Any]:
    services = services_of(browser.request)
    found = await sign_in.find_login(work, browser.login)
    about: dict[str, Any] = {"status": status, "error": error, "next": location}
    if found is None:
        provider = bool(services.settings.provider)
        return browser.page("login", "Đăng nhập", "Sign in", provider=provider, **about)
    login, member = found
    if login.complete:
        return see_other(location)
    if (await sign_in.get_credential(work, member)).has_second_factor:
        return browser.page("second_factor", "Bước thứ hai", "Second step", **about)
    seed = services.one_time_codes.new_seed()
    address = services.one_time_codes.provisioning_uri(seed, member.login)
    picture = segno.make(address, error="m").svg_inline(omitsize=True)
    encrypted = urlsafe_b64encode(services.encryption.encrypt(f"seed:{member.id}", seed.encode())).decode()
    return browser.page(
        "enrol",
        "Đặt bước thứ hai",
        "Set up the second step",
        seed=seed,
        encrypted=encrypted,
        picture=picture,
        **about,
    )


@post("/oauth/login", **PAGE)
async def do_login(request: AnyRequest, work: Unit) -> Response[Any]:
    """Take the step that is due."""
    browser = browser_of(request)
    form = await browser.form()
    location = safe_next(form.get("next", ""))
    found = await sign_in.find_login(work, browser.login)
    if found is None:
        return await _password(browser, work, form, location)
    login, member = found
    if login.complete:
        return see_other(location)
    return await _second_factor(browser, work, form, location, member)


def login_limits(browser: Browser, work: UnitOfWork, login: str) -> tuple[Limit, ...]:
    """The limits that an attempt for this login counts under: nobody can lock somebody else out.

    A browser that signed in before has a count of its own; others count by account and address, and by address.
    """
    nonce = browser.known_as(login, work.clock.now())
    if nonce is not None:
        return (Limit(f"device:{nonce}"),)
    return Limit(f"login:{login}@{browser.address}"), address_limit(browser)


async def _password(browser: Browser, work: UnitOfWork, form: dict[str, str], location: str) -> Response[Any]:
    name, password = form.get("login", "").strip().lower()[:63], form.get("password", "")[:MAX_PASSWORD]
    limits = login_limits(browser, work, name)
    if wait := await sign_in.attempt(work, *limits):
        return browser.too_many_failures(wait)
    passwords = services_of(browser.request).authenticator.passwords
    member, right = await sign_in.authenticate(work, passwords, name, password)
    if member is None or not right:
        await sign_in.record_failure(work, member.key if member else "anonymous")
        wrong = browser.text("Tên đăng nhập hoặc mật khẩu không đúng.", "User name or password is wrong.")
        return await _step(browser, work, location, status=401, error=wrong)
    await sign_in.record_success(work, *limits)
    return await complete(browser, work, member, location)


async def complete(browser: Browser, work: UnitOfWork, member: Member, location: str) -> Response[Any]:
    """The first step is done: go on, or ask for the second factor."""
    owes = needs_second_factor(member.roles) or (await sign_in.get_credential(work, member)).has_second_factor
    cookie = browser.cookie(LOGIN, await sign_in.open_login(work, member, complete=not owes), _LOGIN_SECONDS)
    if owes:
        return see_other(f"/oauth/login?next={quote(location, safe='')}", cookie)
    return see_other(location, cookie, browser.device_cookie(member.login, work.clock.now()))


async def _second_factor(
    browser: Browser, work: UnitOfWork, form: dict[str, str], location: str, member: Member
) -> Response[Any]:
    limit, code = Limit(f"otp:{member.id}"), form.get("code", "")[:20]
    if wait := await sign_in.attempt(work, limit):
        return browser.too_many_failures(wait)
    tools = services_of(browser.request).authenticator
    recovery: list[str] | None = None
    if (await sign_in.get_credential(work, member)).has_second_factor:
        right = await sign_in.verify_second_factor(work, tools, member, code)
    else:
        recovery = await sign_in.enrol_second_factor(work, tools, member, _seed(browser, member, form), code)
        right = recovery is not None
    if not right:
        await sign_in.record_failure(work, member.key)
        wrong = browser.text("Mã không đúng hoặc đã dùng.", "The code is wrong or was used.")
        return await _step(browser, work, location, status=401, error=wrong)
    await sign_in.record_success(work, limit)
    assert browser.login is not None
    await sign_in.close_login(work, browser.login)  # the cookie of an incomplete login never becomes a complete one
    cookie = browser.cookie(LOGIN, await sign_in.open_login(work, member, complete=True), _LOGIN_SECONDS)
    known = browser.device_cookie(member.login, work.clock.now())
    if recovery is None:
        return see_other(location, cookie, known)
    page = browser.page("recovery", "Mã dự phòng", "Recovery codes", codes=recovery, next=location)
    page.cookies += [cookie, known]
    return page


def _seed(browser: Browser, member: Member, form: dict[str, str]) -> str:
    encryption = services_of(browser.request).encryption
    try:
        return encryption.decrypt(f"seed:{member.id}", urlsafe_b64decode(form.get("seed", ""))).decode()
    except ValueError as error:
        raise MalformedRequest(reason="seed") from error


ROUTES = [show_login, do_login]
