"""A person lets an app act: the authorization endpoint (RFC 6749 section 3.1) and the device page (RFC 8628)."""

import re
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from litestar import Response, get, post
from litestar.di import NamedDependency

from api.dependencies import Parts
from api.identity.browser import PAGE, Asked, Browser, see_other
from api.identity.sign_in import here, signed_in
from api.oauth import server as oauth
from api.oauth.forms import Answer, Form, check_pairs, refused
from api.oauth.transaction import Grantee
from domain.identity.login import Login
from domain.identity.oauth_grant import Device
from domain.identity.organization import Client, Member
from domain.permissions import SCOPE_TEXT, scopes_of

_RESPONSE_TYPE = re.compile(r"\A[A-Za-z0-9_ ]*\Z")
_DEVICE = ("Kết nối thiết bị", "Connect a device")


def _query(request: Asked) -> Form | Answer:
    try:
        pairs = parse_qsl(request.url.query, keep_blank_values=True, errors="strict", max_num_fields=30)
    except ValueError:
        pairs = [("", ""), ("", "")]
    form = Form(method="GET", uri=request.url.path, headers={}, pairs=pairs)
    if not _RESPONSE_TYPE.match(dict(pairs).get("response_type", "")):
        return refused("unsupported_response_type", "response_type is no name")  # Authlib would repeat it
    return check_pairs(pairs) or form


def _refused(browser: Browser, answer: Answer) -> Response[Any]:
    """To the app's address when that is known to be its own; else a page, never a redirect."""
    if where := answer.headers.get("location"):
        return see_other(where)
    text = browser.text(
        "Ứng dụng này gửi yêu cầu không hợp lệ. Hãy báo cho người làm ứng dụng.",
        "This app sent a request that is not valid. Tell whoever makes it.",
    )
    detail = f"{text} ({answer.body.get('error', 'invalid_request')})"
    return browser.page("message", "Không thể tiếp tục", "Cannot go on", status=400, text=detail)


def _scope(asked: str, client: Client, member: Member) -> str:
    """What is asked (or all the app may have), as far as the person may have it."""
    wanted = frozenset(asked.split()) or client.scopes
    return " ".join(sorted(wanted & client.scopes & scopes_of(member.roles)))


def _end(uri: str) -> str:
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else f"{parts.scheme}:"


@get("/oauth/authorize", **PAGE)
async def show_consent(request: Asked, parts: NamedDependency[Parts]) -> Response[Any]:
    """Check the app's request, sign the person in, ask."""
    browser = parts.browser(request)
    form = _query(request)
    if isinstance(form, Answer):
        return _refused(browser, form)
    client = await parts.oauth.run(lambda t: oauth.consent_request(parts.oauth_server(t), form))
    if isinstance(client, Answer):
        return _refused(browser, client)
    found = await signed_in(browser, parts)
    if isinstance(found, Response):
        return found
    sent = dict(form.pairs)
    scopes = _scope(sent.get("scope", ""), client, found[1]).split()
    to = _end(sent.get("redirect_uri") or client.redirect_uris[0])
    return browser.page(
        "consent", "Cho phép ứng dụng?", "Allow this app?", to=to, action=here(request), client=client.name,
        member=found[1].name, scopes=_words(browser, scopes), user_code="", device=False,
    )  # fmt: skip


def _words(browser: Browser, scopes: list[str]) -> list[str]:
    return [browser.text(*SCOPE_TEXT[scope]) for scope in scopes]


@post("/oauth/authorize", **PAGE)
async def decide(request: Asked, parts: NamedDependency[Parts]) -> Response[Any]:
    """The person's answer goes to the app's address as a code or `access_denied`."""
    browser = parts.browser(request)
    decision = (await browser.form()).get("decision")
    form = _query(request)
    if isinstance(form, Answer):
        return _refused(browser, form)
    found = await signed_in(browser, parts)
    if isinstance(found, Response):
        return found
    login, member = found

    def core(transaction: Any) -> Answer:
        server = parts.oauth_server(transaction)
        client = oauth.consent_request(server, form)
        if isinstance(client, Answer):
            return client
        scope = _scope(dict(form.pairs).get("scope", ""), client, member)
        grantee = Grantee(member=member, auth_time=login.auth_time, scope=scope)
        if decision != "allow" or not scope:
            transaction.record(f"member:{member.id}", "consent.denied", {"client": client.id})
            return oauth.authorize(server, form, None)
        return oauth.authorize(server, form, grantee)

    return _refused(browser, await parts.oauth.run(core))


@get("/oauth/device", **PAGE)
async def show_device(request: Asked, parts: NamedDependency[Parts]) -> Response[Any]:
    """Ask for the code on the device, then whether it may act."""
    browser = parts.browser(request)
    found = await signed_in(browser, parts)
    if isinstance(found, Response):
        return found
    code = _user_code(request.query_params.get("user_code", ""))
    if not code:
        return browser.page("device", *_DEVICE)
    return await _ask_for_device(browser, parts, code, *found)


async def _ask_for_device(browser: Browser, parts: Parts, code: str, login: Login, member: Member) -> Response[Any]:
    waiting = await _waiting(browser, parts, code, login)
    if isinstance(waiting, Response):
        return waiting
    device, client = waiting
    scopes = _scope(device.scope, client, member).split()
    return browser.page(
        "consent", *_DEVICE, action="/oauth/device", client=f"{client.name} · {code}", member=member.name,
        scopes=_words(browser, scopes), user_code=code, device=True,
    )  # fmt: skip


async def _waiting(browser: Browser, parts: Parts, code: str, login: Login) -> tuple[Device, Client] | Response[Any]:
    """The device that waits under a code; guesses are counted per person and address (RFC 8628 section 5.1)."""
    own, shared = f"device:{login.member_id}", f"device:{browser.address}"
    if wait := await parts.accounts.attempt((own, 5), (shared, 20)):
        return browser.busy(wait)
    found = await parts.accounts.device(code)
    if found is None:
        await parts.accounts.failed(f"member:{login.member_id}")
        wrong = browser.text("Không có thiết bị nào chờ với mã này.", "No device waits with this code.")
        return browser.page("device", *_DEVICE, status=404, error=wrong)
    await parts.accounts.succeeded(own, shared)
    return found


@post("/oauth/device", **PAGE)
async def decide_device(request: Asked, parts: NamedDependency[Parts]) -> Response[Any]:
    """Approve or deny the device."""
    browser = parts.browser(request)
    form = await browser.form()
    found = await signed_in(browser, parts)
    if isinstance(found, Response):
        return found
    code = _user_code(form.get("user_code", ""))
    waiting = await _waiting(browser, parts, code, found[0])
    if isinstance(waiting, Response):
        return waiting
    scope = _scope(waiting[0].scope, waiting[1], found[1])
    allowed = form.get("decision") == "allow" and bool(scope)
    await parts.accounts.answer_device(code, found[0], scope, approve=allowed)
    done = browser.text("Xong. Bạn có thể quay lại thiết bị.", "Done. You may go back to the device.")
    denied = browser.text("Đã từ chối.", "Denied.")
    return browser.page("message", *_DEVICE, text=done if allowed else denied)


def _user_code(text: str) -> str:
    letters = "".join(c for c in text.upper() if c.isascii() and c.isalpha())[:8]
    return f"{letters[:4]}-{letters[4:]}" if len(letters) == 8 else ""


ROUTES = [show_consent, decide, show_device, decide_device]
