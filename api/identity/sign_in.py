"""Signing in: password, second factor, first enrolment. One page after the other at the same address."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any
from urllib.parse import quote, urlsplit

import pyotp
import segno
from litestar import Response, get, post
from litestar.di import NamedDependency

from api.dependencies import Parts
from api.identity.browser import LOGIN, PAGE, Asked, Browser, see_other
from domain.errors import MalformedRequest
from domain.identity.login import LOGIN_LIFETIME, Login, needs_second_factor
from domain.identity.organization import Member

ADDRESS_FREE = 50
_SECONDS = int(LOGIN_LIFETIME.total_seconds())


def here(request: Asked) -> str:
    return str(request.url.path) + (f"?{request.url.query}" if request.url.query else "")


def safe_next(where: str) -> str:
    """Only our own pages: a sign-in never leads elsewhere."""
    parts = urlsplit(where)
    own = parts.path.startswith(("/oauth/authorize", "/oauth/device", "/account"))
    return where if own and not parts.scheme and not parts.netloc and where.isprintable() else "/account"


async def signed_in(browser: Browser, parts: Parts) -> tuple[Login, Member] | Response[None]:
    """Who is there, or the way to the sign-in page and back."""
    found = await parts.accounts.login(browser.login)
    if found and found[0].complete:
        return found
    return see_other(f"/oauth/login?next={quote(here(browser.request), safe='')}")


@get("/oauth/login", **PAGE)
async def show_login(request: Asked, parts: NamedDependency[Parts]) -> Response[Any]:
    """The step that is due."""
    browser = parts.browser(request)
    return await _step(browser, parts, safe_next(request.query_params.get("next", "")))


async def _step(browser: Browser, parts: Parts, where: str, *, status: int = 200, error: str = "") -> Response[Any]:
    found = await parts.accounts.login(browser.login)
    about: dict[str, Any] = {"status": status, "error": error, "next": where}
    if found is None:
        return browser.page("login", "Đăng nhập", "Sign in", provider=bool(parts.settings.provider), **about)
    login, member = found
    if login.complete:
        return see_other(where)
    if await parts.accounts.has_second_factor(member):
        return browser.page("second_factor", "Bước thứ hai", "Second step", **about)
    seed = pyotp.random_base32()
    address = pyotp.TOTP(seed).provisioning_uri(name=member.login, issuer_name="Lan Tỏa")
    picture = segno.make(address, error="m").svg_inline(omitsize=True)
    sealed = urlsafe_b64encode(parts.seal(f"seed:{member.id}", seed.encode())).decode()
    return browser.page(
        "enrol", "Đặt bước thứ hai", "Set up the second step", seed=seed, sealed=sealed, picture=picture, **about
    )


@post("/oauth/login", **PAGE)
async def do_login(request: Asked, parts: NamedDependency[Parts]) -> Response[Any]:
    """Take the step that is due."""
    browser = parts.browser(request)
    form = await browser.form()
    where = safe_next(form.get("next", ""))
    found = await parts.accounts.login(browser.login)
    if found is None:
        return await _password(browser, parts, form, where)
    login, member = found
    if login.complete:
        return see_other(where)
    return await _second(browser, parts, form, where, member)


async def _password(browser: Browser, parts: Parts, form: dict[str, str], where: str) -> Response[Any]:
    name, password = form.get("login", "").strip().lower()[:63], form.get("password", "")[:128]
    account, address = f"login:{name}", f"address:{browser.address}"
    if wait := await parts.accounts.attempt((account, 5), (address, ADDRESS_FREE)):
        return browser.busy(wait)
    known = await parts.accounts.by_login(name)
    if not await parts.password_matches(known[1] if known else None, password):
        await parts.accounts.failed(f"member:{known[0].id}" if known else "anonymous")
        wrong = browser.text("Tên đăng nhập hoặc mật khẩu không đúng.", "User name or password is wrong.")
        return await _step(browser, parts, where, status=401, error=wrong)
    assert known is not None
    await parts.accounts.succeeded(account, address)
    return await complete(browser, parts, known[0], where)


async def complete(browser: Browser, parts: Parts, member: Member, where: str) -> Response[Any]:
    """The first step is done; go on, or owe the second."""
    owes = needs_second_factor(member.roles) or await parts.accounts.has_second_factor(member)
    cookie = await parts.accounts.open_login(member, complete=not owes)
    there = f"/oauth/login?next={quote(where, safe='')}" if owes else where
    return see_other(there, browser.cookie(LOGIN, cookie, _SECONDS))


async def _second(browser: Browser, parts: Parts, form: dict[str, str], where: str, member: Member) -> Response[Any]:
    key, code = f"otp:{member.id}", form.get("code", "")[:20]
    if wait := await parts.accounts.attempt((key, 5)):
        return browser.busy(wait)
    recovery: list[str] | None = None
    if await parts.accounts.has_second_factor(member):
        good = await parts.accounts.second_factor(member, code)
    else:
        recovery = await parts.accounts.enrol(member, _seed(parts, member, form), code)
        good = recovery is not None
    if not good:
        await parts.accounts.failed(f"member:{member.id}")
        wrong = browser.text("Mã không đúng hoặc đã dùng.", "The code is wrong or was used.")
        return await _step(browser, parts, where, status=401, error=wrong)
    await parts.accounts.succeeded(key)
    assert browser.login is not None
    await parts.accounts.close_login(browser.login)  # a cookie that owed something never becomes a full one
    cookie = browser.cookie(LOGIN, await parts.accounts.open_login(member, complete=True), _SECONDS)
    if recovery is None:
        return see_other(where, cookie)
    page = browser.page("recovery", "Mã dự phòng", "Recovery codes", codes=recovery, next=where)
    page.cookies.append(cookie)
    return page


def _seed(parts: Parts, member: Member, form: dict[str, str]) -> str:
    try:
        return parts.unseal(f"seed:{member.id}", urlsafe_b64decode(form.get("seed", ""))).decode()
    except ValueError as error:
        raise MalformedRequest(reason="seed") from error


ROUTES = [show_login, do_login]
