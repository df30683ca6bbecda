"""What the pages share: templates, cookies, and forms protected against cross-site requests."""

import hmac
import secrets
from datetime import datetime
from string import Formatter
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined
from litestar import Response
from litestar.datastructures import Cookie

from api.dependencies import AnyRequest, services_of
from api.http.problems import PROBLEMS, headers_of, prefers_english
from api.http.rate_limits import client_address
from domain.errors import Forbidden, MalformedRequest, Refusal
from domain.identity.login import DEVICE_COOKIE_LIFETIME, device_cookie, read_device_cookie

_TEMPLATES = Environment(
    loader=PackageLoader("api.identity", "pages"), autoescape=True, undefined=StrictUndefined, auto_reload=False
)
LOGIN, BROWSER, DEVICE = "lantoa_login", "lantoa_browser", "lantoa_device"


class Browser(msgspec.Struct, kw_only=True):
    """One request from a browser. `csrf` is bound to this browser and to its present login.

    `device_secret` signs device cookies.
    """

    request: AnyRequest
    csrf_secret: bytes
    device_secret: bytes
    secure: bool
    trusted_proxy: bool
    fresh: str = ""

    def _name(self, name: str) -> str:
        return f"__Host-{name}" if self.secure else name

    @property
    def login(self) -> str | None:
        return self.request.cookies.get(self._name(LOGIN))

    def stored(self, name: str) -> str:
        """The value of one of our own cookies; empty when it is missing."""
        return self.request.cookies.get(self._name(name), "")

    @property
    def address(self) -> str:
        return client_address(self.request.scope, trusted_proxy=self.trusted_proxy)

    @property
    def english(self) -> bool:
        return prefers_english(self.request.headers.get("accept-language", ""))

    @property
    def identity(self) -> str:
        """This browser's random name, given with the first page."""
        known = self.request.cookies.get(self._name(BROWSER))
        if not known:
            self.fresh = self.fresh or secrets.token_urlsafe(24)
        return known or self.fresh

    @property
    def csrf(self) -> str:
        text = f"csrf|{self.identity}|{self.login or ''}"
        return hmac.new(self.csrf_secret, text.encode(), "sha256").hexdigest()

    def cookie(self, name: str, value: str, seconds: int) -> Cookie:
        return Cookie(
            key=self._name(name), value=value, path="/", httponly=True, samesite="lax", secure=self.secure,
            max_age=seconds,
        )  # fmt: skip

    def known_as(self, login: str, now: datetime) -> str | None:
        """The nonce of this browser's device cookie, if it signed in as `login` before."""
        return read_device_cookie(self.device_secret, login, self.stored(DEVICE), now)

    def device_cookie(self, login: str, now: datetime) -> Cookie:
        """A cookie that tells that this browser signed in as `login`."""
        lifetime = int(DEVICE_COOKIE_LIFETIME.total_seconds())
        nonce, expires = secrets.token_urlsafe(16), int(now.timestamp()) + lifetime
        return self.cookie(DEVICE, device_cookie(self.device_secret, login, nonce, expires), lifetime)

    def text(self, vi: str, en: str) -> str:
        return en if self.english else vi

    async def form(self) -> dict[str, str]:
        """Read a form from one of our own pages, or raise Forbidden."""
        kind = self.request.headers.get("content-type", "").partition(";")[0].strip().lower()
        try:
            pairs = parse_qsl((await self.request.body()).decode(), keep_blank_values=True, max_num_fields=30)
        except ValueError as error:
            raise MalformedRequest(reason="form") from error
        form = dict(pairs)
        if kind != "application/x-www-form-urlencoded" or "\0" in "".join(form.values()):
            raise MalformedRequest(reason="form")
        if not hmac.compare_digest(form.get("csrf", "").encode(), self.csrf.encode()):
            raise Forbidden(permission="csrf")
        return form

    def page(
        self, template: str, vi: str, en: str, *, status: int = 200, error: str = "", to: str = "", **about: Any
    ) -> Response[str]:
        """Render a page. `to` is another origin that its form may end at."""
        body = _TEMPLATES.get_template(f"{template}.html").render(
            language="en" if self.english else "vi", title=self.text(vi, en), error=error, csrf=self.csrf,
            say=self.text, **about,
        )  # fmt: skip
        headers = {
            "content-security-policy": (
                f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self' {to}; "
                "base-uri 'none'; frame-ancestors 'none'"
            ),
            "cache-control": "no-store",
            "vary": "Cookie, Accept-Language",
        }
        cookies = [self.cookie(BROWSER, self.fresh, 86400)] if self.fresh else []
        return Response(
            body, status_code=status, media_type="text/html; charset=utf-8", headers=headers, cookies=cookies
        )

    def too_many_failures(self, seconds: int) -> Response[str]:
        """The page for throttled attempts, with Retry-After."""
        vi, en = f"Hãy thử lại sau {seconds} giây.", f"Try again in {seconds} seconds."
        page = self.page("message", "Quá nhiều lần sai", "Too many failures", status=429, text=self.text(vi, en))
        page.headers["retry-after"] = str(seconds)
        return page


def browser_of(request: AnyRequest) -> Browser:
    """See a request as one from a person's browser."""
    services = services_of(request)
    return Browser(
        request=request,
        csrf_secret=services.encryption.derived_key("csrf"),
        device_secret=services.encryption.derived_key("device"),
        secure=services.settings.public_url.startswith("https:"),
        trusted_proxy=services.settings.trusted_proxy,
    )


def answer_as_page(request: AnyRequest, error: Refusal) -> Response[str]:
    """Show a domain error as a page."""
    browser = browser_of(request)
    row = PROBLEMS[error.code]
    title, detail = row.en if browser.english else row.vi
    if isinstance(error, Forbidden):
        old = (
            "Trang này đã cũ. Hãy quay lại, tải lại trang rồi thử lại.",
            "This page is outdated. Go back, reload it, try again.",
        )
        detail = browser.text(*old)
    facts = {key: str(value) for key, value in error.facts.items()}
    answer = browser.page("message", title, title, status=row.status, text=Formatter().vformat(detail, (), facts))
    for name, value in headers_of(error).items():
        answer.headers[name] = value
    return answer


PAGE: dict[str, Any] = {
    "opt": {"access": "page"},
    "include_in_schema": False,
    "exception_handlers": {Refusal: answer_as_page},
}
"""Keyword arguments of every page's route handler."""


def see_other(location: str, *cookies: Cookie) -> Response[None]:
    """303: the browser follows with GET and does not send the form again (RFC 9700 section 4.12)."""
    return Response(
        None, status_code=303, headers={"location": location, "cache-control": "no-store"}, cookies=list(cookies)
    )
