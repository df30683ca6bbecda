"""A person's browser without JavaScript: cookies, forms, redirects; and an app that sends people to it."""

import secrets
from base64 import urlsafe_b64encode
from hashlib import sha256
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pyotp

from harness.installation import PASSWORD, Installation


class Form(HTMLParser):
    """The first form of a page: where it goes, and its hidden fields."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}
        self._in = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        about = {key: value or "" for key, value in attrs}
        if tag == "form":
            self._in += 1
            self.action = self.action or about["action"]
        elif tag == "input" and self._in == 1 and about.get("type") == "hidden":
            self.fields[about["name"]] = about["value"]


class BrowserSession(httpx.Client):
    """Goes where it is sent, as long as that is our own address."""

    def __init__(self, where: Installation | str) -> None:
        super().__init__(base_url=where if isinstance(where, str) else where.url, timeout=30)
        self.seed = ""

    def follow(self, answer: httpx.Response) -> httpx.Response:
        """Take redirects to our own pages; stop before another origin."""
        while answer.is_redirect:
            assert answer.status_code == 303, answer.status_code
            where = urlsplit(answer.headers["location"])
            if where.netloc and f"{where.scheme}://{where.netloc}" != str(self.base_url).rstrip("/"):
                break
            answer = self.get(answer.headers["location"])
        return answer

    def submit(self, page: httpx.Response, **fields: str) -> httpx.Response:
        """Send the page's form with its hidden fields."""
        form = Form(page.text)
        data = form.fields | fields
        return self.post(form.action or str(page.url), data=data)

    def sign_in(self, login: str, password: str = PASSWORD, where: str = "/account") -> httpx.Response:
        """Password, and for who needs it the second step, which is set up the first time."""
        answer = self.submit(self.get("/oauth/login", params={"next": where}), login=login, password=password)
        answer = self.follow(answer)
        if 'name="code"' in answer.text and str(answer.url).split("?", maxsplit=1)[0].endswith("/oauth/login"):
            if 'name="seed"' in answer.text:
                self.seed = answer.text.split("<code>")[1].split("</code>")[0]
            answer = self.submit(answer, code=pyotp.TOTP(self.seed).now())
        return answer


class App:
    """A public app: its redirect URI, state, verifier; what RFC 6749 and 7636 have it send."""

    def __init__(self, installation: Installation, uri: str = "https://app.example/cb", **more: object) -> None:
        self.installation = installation
        self.uri = uri
        self.id = installation.new_app("stttt", uri, **more)
        self.verifier = secrets.token_urlsafe(48)

    @property
    def challenge(self) -> str:
        return urlsafe_b64encode(sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()

    def address(self, **changes: str | None) -> str:
        asked = {
            "response_type": "code", "client_id": self.id, "redirect_uri": self.uri, "scope": "content:read",
            "state": "s-1", "code_challenge": self.challenge, "code_challenge_method": "S256",
        } | changes  # fmt: skip
        return "/oauth/authorize?" + urlencode({key: value for key, value in asked.items() if value is not None})

    def allowed(self, person: BrowserSession, decision: str = "allow", **changes: str | None) -> dict[str, str]:
        """Have the signed-in visitor decide; gives the parameters that came to the app."""
        page = person.get(self.address(**changes))
        assert page.status_code == 200, page.text
        answer = person.submit(page, decision=decision)
        assert answer.status_code == 303, answer.text
        assert answer.headers["location"].startswith(self.uri)
        reported = {key: values[0] for key, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}
        self.installation.keep_secret(reported.get("code", ""))
        self.installation.keep_secret(self.verifier)
        return reported

    def token(self, **form: str) -> httpx.Response:
        return httpx.post(f"{self.installation.url}/oauth/token", data={"client_id": self.id} | form, timeout=60)

    def redeem(self, code: str, **changes: str) -> httpx.Response:
        sent = {"code": code, "redirect_uri": self.uri, "code_verifier": self.verifier} | changes
        return self.token(grant_type="authorization_code", **sent)

    def refresh(self, token: str, **more: str) -> httpx.Response:
        return self.token(grant_type="refresh_token", refresh_token=token, **more)

    def tokens_for(self, login: str, **changes: str | None) -> dict[str, str]:
        """All of it: sign in, allow, redeem."""
        person = BrowserSession(self.installation)
        person.sign_in(login)
        answer = self.redeem(self.allowed(person, **changes)["code"])
        assert answer.status_code == 200, answer.text
        tokens = answer.json()
        for kind in ("access_token", "refresh_token"):
            self.installation.keep_secret(tokens[kind])
        return tokens
