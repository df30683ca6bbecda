"""Sign-in through a real OpenID provider (npm oidc-provider), started here."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from harness.browser_session import BrowserSession, Form
from harness.installation import Installation
from runtime.local.servers import free_port

NODE = Path("tests") / "node"


@pytest.fixture(scope="module")
def house() -> Iterator[Installation]:
    """An installation of its own, which knows the provider."""
    made = Installation("provider")
    port = free_port()
    callback = f"{made.url}/oauth/provider/callback"
    words = ["node", str(NODE / "provider.mjs"), str(port), callback]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as provider:
        assert provider.stdout
        while "ready" not in provider.stdout.readline():
            assert provider.poll() is None
        made.extra = {
            "LANTOA_OIDC_ISSUER": f"http://127.0.0.1:{port}",
            "LANTOA_OIDC_CLIENT_ID": "lantoa",
            "LANTOA_OIDC_CLIENT_SECRET": "s" * 43,
        }
        made.start()
        yield made
        made.stop()
        provider.terminate()


class Citizen(BrowserSession):
    """Walks through the provider's own pages, too."""

    def at_provider(self, start: str, login: str) -> httpx.Response:
        answer = self.get(start)
        while answer.is_redirect or "/interaction/" in str(answer.url):
            if answer.is_redirect:
                where = answer.headers["location"]
                answer = self.get(str(answer.url.join(where)))
                if urlsplit(str(answer.url)).path == "/oauth/provider/callback":
                    return answer
                continue
            form = Form(answer.text)
            filled = {"login": login, "password": "x"} if 'name="login"' in answer.text else {}
            answer = self.post(str(answer.url.join(form.action)), data=form.fields | filled)
        return answer


def invitation(house: Installation, email: str | None) -> str:
    return house.new_invitation("stttt", "editor", email=email)


def test_an_invited_address_is_linked_once_and_then_signs_in_without_an_invitation(house: Installation) -> None:
    code = invitation(house, "Lan@tinh.example")
    arrived = Citizen(house).at_provider(f"/oauth/provider?invitation={code}", "lan")
    assert (arrived.status_code, arrived.headers["location"]) == (303, "/account"), arrived.text
    again = Citizen(house)
    assert again.at_provider("/oauth/provider", "lan").status_code == 303
    assert "lan" in again.get("/account").text
    second = Citizen(house).at_provider(f"/oauth/provider?invitation={code}", "minh")
    assert second.status_code == 403


def test_another_address_an_unverified_one_and_no_invitation_are_nobody(house: Installation) -> None:
    for email, login in (("lan2@tinh.example", "minh"), ("khong-toi@tinh.example", "khong-toi"), (None, "tam")):
        arrived = Citizen(house).at_provider(f"/oauth/provider?invitation={invitation(house, email)}", login)
        assert arrived.status_code == 403, login
    assert Citizen(house).at_provider("/oauth/provider", "tam").status_code == 403
    assert house.sql("SELECT count(*) AS n FROM members WHERE email LIKE '%tam%' OR email LIKE 'khong%'") == [{"n": 0}]


def test_a_password_member_with_the_same_address_is_never_taken_over(house: Installation) -> None:
    mine = house.new_member("stttt", "editor")
    house.sql("UPDATE members SET email = 'hoa@tinh.example' WHERE id = $1", mine.id)
    assert Citizen(house).at_provider("/oauth/provider", "hoa").status_code == 403
    other = invitation(house, "hoa@tinh.example")
    assert Citizen(house).at_provider(f"/oauth/provider?invitation={other}", "hoa").status_code == 403


def test_a_callback_that_this_browser_did_not_ask_for_is_refused(house: Installation) -> None:
    person = Citizen(house)
    assert person.get("/oauth/provider/callback?code=x&state=y").status_code == 400
    person.get("/oauth/provider")
    for state in ("y", "é", ""):
        answer = person.get("/oauth/provider/callback", params={"code": "x", "state": state})
        assert answer.status_code == 400, state


def test_a_coordinator_still_owes_the_second_step(house: Installation) -> None:
    citizen = Citizen(house)
    code = invitation(house, "sep@tinh.example")
    house.sql("UPDATE invitations SET roles = ARRAY['coordinator'] WHERE email = 'sep@tinh.example'")
    arrived = citizen.at_provider(f"/oauth/provider?invitation={code}", "sep")
    assert arrived.headers["location"].startswith("/oauth/login?")
    assert citizen.get("/account").status_code == 303


def test_without_a_provider_the_page_does_not_exist(installation: Installation) -> None:
    assert BrowserSession(installation).get("/oauth/provider").status_code == 404
    assert "/oauth/provider" not in BrowserSession(installation).get("/oauth/login").text
