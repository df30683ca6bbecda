"""What the few pages share: templates, cookies, forms that only our own pages can send."""

import hmac
import secrets
from string import Formatter
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined
from litestar import Request, Response
from litestar.datastructures import Cookie

from api.http.problems import PROBLEMS, headers_of, prefers_english
from api.http.rate_limits import client_address
from domain.errors import Forbidden, MalformedRequest, Refusal

_TEMPLATES = Environment(
    loader=PackageLoader("api.identity", "pages"), autoescape=True, undefined=StrictUndefined, auto_reload=False
)
LOGIN, BROWSER = "lantoa_login", "lantoa_browser"
Asked = Request[Any, Any, Any]


class Browser(msgspec.Struct, kw_only=True):
    """One request from a browser. `csrf` is tied to this browser and to its present login."""

    request: Asked
    secret: bytes
    secure: bool
    trusted_proxy: bool
    fresh: str = ""

    def _name(self, name: str) -> str:
        return f"__Host-{name}" if self.secure else name

    @property
    def login(self) -> str | None:
        return self.request.cookies.get(self._name(LOGIN))

    def kept(self, name: str) -> str:
        """The value of one of our own cookies; empty where there is none."""
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
        return hmac.new(self.secret, text.encode(), "sha256").hexdigest()

    def cookie(self, name: str, value: str, seconds: int) -> Cookie:
        return Cookie(
            key=self._name(name), value=value, path="/", httponly=True, samesite="lax", secure=self.secure,
            max_age=seconds,
        )  # fmt: skip

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
            raise Forbidden(verb="csrf")
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

    def busy(self, seconds: int) -> Response[str]:
        """Too many failures."""
        vi, en = f"Hãy thử lại sau {seconds} giây.", f"Try again in {seconds} seconds."
        answer = self.page("message", "Quá nhiều lần sai", "Too many failures", status=429, text=self.text(vi, en))
        answer.headers["retry-after"] = str(seconds)
        return answer


def answer_as_page(request: Asked, error: Refusal) -> Response[str]:
    """A refusal of a page, for people: they see a page too."""
    browser: Browser = request.app.state.parts.browser(request)
    row = PROBLEMS[error.code]
    title, detail = row.en if browser.english else row.vi
    if isinstance(error, Forbidden):
        old = (
            "Trang này đã cũ. Hãy quay lại, tải lại trang rồi thử lại.",
            "This page is old. Go back, reload it, try again.",
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
"""What every page's route handler is declared with."""


def see_other(where: str, *cookies: Cookie) -> Response[None]:
    """303: the browser goes there with GET, and sends no form again (RFC 9700 section 4.12)."""
    return Response(
        None, status_code=303, headers={"location": where, "cache-control": "no-store"}, cookies=list(cookies)
    )
