"""A person authorizes an app: the authorization endpoint (RFC 6749 section 3.1) and the device page (RFC 8628)."""

import re
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from litestar import Response, get, post
from litestar.di import NamedDependency

from api.dependencies import AnyRequest, Unit
from api.identity.browser import PAGE, Browser, browser_of, see_other
from api.identity.sign_in import path_of, signed_in
from api.oauth.forms import Answer, Form, check_pairs, refused
from api.oauth.server import OAuthRunner, Server, authorize, consent_request
from api.oauth.transaction import Grantee
from domain.identity.actions import devices, sign_in
from domain.identity.client import Client
from domain.identity.login import Login
from domain.identity.member import Member
from domain.identity.oauth_grant import Device
from domain.identity.throttle import Limit
from domain.scopes import SCOPE_TEXT, scopes_of
from domain.unit_of_work import UnitOfWork

_RESPONSE_TYPE = re.compile(r"\A[A-Za-z0-9_ ]*\Z")
_DEVICE = ("Kết nối thiết bị", "Connect a device")


def _query(request: AnyRequest) -> Form | Answer:
    try:
        pairs = parse_qsl(request.url.query, keep_blank_values=True, errors="strict", max_num_fields=30)
    except ValueError:
        pairs = [("", ""), ("", "")]
    form = Form(method="GET", uri=request.url.path, headers={}, pairs=pairs)
    if not _RESPONSE_TYPE.match(dict(pairs).get("response_type", "")):
        return refused(
            "unsupported_response_type", "response_type has other characters than a name"
        )  # Authlib would echo it
    return check_pairs(pairs) or form


def _refused(browser: Browser, answer: Answer) -> Response[Any]:
    """Redirect to the app's registered address; without one show a page, never redirect."""
    if location := answer.headers.get("location"):
        return see_other(location)
    text = browser.text(
        "Ứng dụng này gửi yêu cầu không hợp lệ. Hãy báo cho người làm ứng dụng.",
        "This app sent a request that is not valid. Tell its developer.",
    )
    detail = f"{text} ({answer.body.get('error', 'invalid_request')})"
    return browser.page("message", "Không thể tiếp tục", "Cannot go on", status=400, text=detail)


def _scope(asked: str, client: Client, member: Member) -> str:
    """The requested scopes (or all of the app's), as far as the person may have them."""
    wanted = frozenset(asked.split()) or client.scopes
    return " ".join(sorted(wanted & client.scopes & scopes_of(member.roles)))


def _end(uri: str) -> str:
    split = urlsplit(uri)
    return f"{split.scheme}://{split.netloc}" if split.netloc else f"{split.scheme}:"


@get("/oauth/authorize", **PAGE)
async def show_consent(request: AnyRequest, work: Unit, oauth: NamedDependency[OAuthRunner]) -> Response[Any]:
    """Check the app's request, sign the person in, ask for consent."""
    browser = browser_of(request)
    form = _query(request)
    if isinstance(form, Answer):
        return _refused(browser, form)
    client = await oauth.run(work, lambda server: consent_request(server, form))
    if isinstance(client, Answer):
        return _refused(browser, client)
    found = await signed_in(browser, work)
    if isinstance(found, Response):
        return found
    sent = dict(form.pairs)
    scopes = _scope(sent.get("scope", ""), client, found[1]).split()
    to = _end(sent.get("redirect_uri") or client.redirect_uris[0])
    return browser.page(
        "consent", "Cho phép ứng dụng?", "Allow this app?", to=to, action=path_of(request), client=client.name,
        member=found[1].name, scopes=_words(browser, scopes), user_code="", device=False,
    )  # fmt: skip


def _words(browser: Browser, scopes: list[str]) -> list[str]:
    return [browser.text(*SCOPE_TEXT[scope]) for scope in scopes]


@post("/oauth/authorize", **PAGE)
async def decide(request: AnyRequest, work: Unit, oauth: NamedDependency[OAuthRunner]) -> Response[Any]:
    """Send the person's answer to the app's address as a code or `access_denied`."""
    browser = browser_of(request)
    decision = (await browser.form()).get("decision")
    form = _query(request)
    if isinstance(form, Answer):
        return _refused(browser, form)
    found = await signed_in(browser, work)
    if isinstance(found, Response):
        return found
    login, member = found

    def core(server: Server) -> Answer:
        client = consent_request(server, form)
        if isinstance(client, Answer):
            return client
        scope = _scope(dict(form.pairs).get("scope", ""), client, member)
        grantee = Grantee(member=member, auth_time=login.auth_time, scope=scope)
        if decision != "allow" or not scope:
            server.transaction.record(member.key, "consent.denied", {"client": client.id})
            return authorize(server, form, None)
        return authorize(server, form, grantee)

    return _refused(browser, await oauth.run(work, core))


@get("/oauth/device", **PAGE)
async def show_device(request: AnyRequest, work: Unit) -> Response[Any]:
    """Ask for the code on the device, then whether it may act."""
    browser = browser_of(request)
    found = await signed_in(browser, work)
    if isinstance(found, Response):
        return found
    code = _user_code(request.query_params.get("user_code", ""))
    if not code:
        return browser.page("device", *_DEVICE)
    return await _ask_for_device(browser, work, code, *found)


async def _ask_for_device(browser: Browser, work: UnitOfWork, code: str, login: Login, member: Member) -> Response[Any]:
    waiting = await _waiting(browser, work, code, login)
    if isinstance(waiting, Response):
        return waiting
    device, client = waiting
    scopes = _scope(device.scope, client, member).split()
    return browser.page(
        "consent", *_DEVICE, action="/oauth/device", client=f"{client.name} · {code}", member=member.name,
        scopes=_words(browser, scopes), user_code=code, device=True,
    )  # fmt: skip


async def _waiting(
    browser: Browser, work: UnitOfWork, code: str, login: Login
) -> tuple[Device, Client] | Response[Any]:
    """The device that waits under a code; guesses are counted per person and address (RFC 8628 section 5.1)."""
    own, shared = Limit(f"user_code:{login.member_id}"), Limit(f"user_code@{browser.address}", 20)
    if wait := await sign_in.attempt(work, own, shared):
        return browser.too_many_failures(wait)
    found = await devices.find_waiting(work, code)
    if found is None:
        await sign_in.record_failure(work, f"member:{login.member_id}")
        wrong = browser.text("Không có thiết bị nào chờ với mã này.", "No device waits with this code.")
        return browser.page("device", *_DEVICE, status=404, error=wrong)
    await sign_in.record_success(work, own, shared)
    return found


@post("/oauth/device", **PAGE)
async def decide_device(request: AnyRequest, work: Unit) -> Response[Any]:
    """Approve or deny the device."""
    browser = browser_of(request)
    form = await browser.form()
    found = await signed_in(browser, work)
    if isinstance(found, Response):
        return found
    code = _user_code(form.get("user_code", ""))
    waiting = await _waiting(browser, work, code, found[0])
    if isinstance(waiting, Response):
        return waiting
    scope = _scope(waiting[0].scope, waiting[1], found[1])
    allowed = form.get("decision") == "allow" and bool(scope)
    await devices.answer(work, code, found[0], scope, approve=allowed)
    done = browser.text("Xong. Bạn có thể quay lại thiết bị.", "Done. You may go back to the device.")
    denied = browser.text("Đã từ chối.", "Denied.")
    return browser.page("message", *_DEVICE, text=done if allowed else denied)


def _user_code(text: str) -> str:
    letters = "".join(c for c in text.upper() if c.isascii() and c.isalpha())[:8]
    return f"{letters[:4]}-{letters[4:]}" if len(letters) == 8 else ""


ROUTES = [show_consent, decide, show_device, decide_device]
