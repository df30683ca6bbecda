"""Guesses are bounded, and nobody can lock somebody else out: two addresses behind the trusted proxy."""

from collections.abc import Iterator

import httpx
import pyotp
import pytest

from api.http.rate_limits import client_address
from harness.browser_session import BrowserSession
from harness.installation import PASSWORD, Installation

ATTACKER, OFFICE = "203.0.113.7", "198.51.100.9"


@pytest.fixture(scope="module")
def behind_proxy(installation: Installation) -> Iterator[str]:
    url = installation.second_api(LANTOA_TRUSTED_PROXY="1")
    yield url
    installation.stop_api(url)


def person(url: str, address: str) -> BrowserSession:
    made = BrowserSession(url)
    made.headers["x-forwarded-for"] = address
    return made


def wrong_password(url: str, address: str, login: str) -> int:
    with person(url, address) as guesser:
        return guesser.sign_in(login, "sai-mật-khẩu-rồi").status_code


def token(url: str, address: str, client: dict[str, str], secret: str) -> int:
    answer = httpx.post(
        f"{url}/oauth/token",
        data={"grant_type": "client_credentials"},
        auth=(client["client_id"], secret),
        headers={"x-forwarded-for": address},
    )
    return answer.status_code


def test_wrong_secrets_of_others_never_keep_a_partner_out(installation: Installation, behind_proxy: str) -> None:
    client = installation.new_client("daituyphong")
    reported = [token(behind_proxy, ATTACKER, client, f"wrong-{n}") for n in range(60)]
    assert reported[:50] == [401] * 50
    assert set(reported[50:]) == {429}
    assert token(behind_proxy, OFFICE, client, client["client_secret"]) == 200
    assert token(behind_proxy, ATTACKER, client, client["client_secret"]) == 200, "256 random bits are not guessed"


def test_wrong_passwords_of_others_never_keep_a_coordinator_out(installation: Installation, behind_proxy: str) -> None:
    login = installation.new_member("stttt", "editor").login
    with person(behind_proxy, ATTACKER) as known:
        assert known.sign_in(login).status_code == 200
        reported = [wrong_password(behind_proxy, ATTACKER, login) for _ in range(8)]
        assert reported == [401] * 5 + [429] * 3
        with person(behind_proxy, OFFICE) as elsewhere:
            assert elsewhere.sign_in(login).status_code == 200
        for name in [name for name in known.cookies if "device" not in name]:
            known.cookies.delete(name)
        assert known.sign_in(login).status_code == 200, "a browser that signed in before has a count of its own"
    assert wrong_password(behind_proxy, ATTACKER, login) == 429


def test_a_known_browser_that_guesses_is_stopped_too(installation: Installation, behind_proxy: str) -> None:
    member = installation.new_member("stttt", "editor")
    with person(behind_proxy, OFFICE) as browser:
        browser.sign_in(member.login)
        for name in [name for name in browser.cookies if "device" not in name]:
            browser.cookies.delete(name)
        reported = [browser.sign_in(member.login, "sai-mật-khẩu-rồi").status_code for _ in range(7)]
    assert reported == [401] * 5 + [429] * 2


def test_a_device_cookie_is_of_one_account_and_cannot_be_made_up(installation: Installation, behind_proxy: str) -> None:
    mine, other = (installation.new_member("stttt", "editor").login for _ in range(2))
    with person(behind_proxy, ATTACKER) as browser:
        browser.sign_in(mine)
        cookies = dict(browser.cookies)
        [name] = [name for name in cookies if "device" in name]
        reported = []
        for n in range(7):
            with person(behind_proxy, ATTACKER) as guesser:
                guesser.cookies.set(name, cookies[name] if n % 2 else f"{n}{cookies[name]}")
                reported.append(guesser.sign_in(other, "sai-mật-khẩu-rồi").status_code)
    assert reported == [401] * 5 + [429] * 2


def test_one_address_that_tries_many_accounts_is_stopped(installation: Installation, behind_proxy: str) -> None:
    reported = [wrong_password(behind_proxy, "203.0.113.99", f"nguoi.{n}") for n in range(53)]
    assert reported == [401] * 50 + [429] * 3


def test_second_factor_codes_are_bounded_for_each_account_from_any_address(
    installation: Installation, behind_proxy: str
) -> None:
    login = installation.new_member("stttt", "coordinator").login
    with person(behind_proxy, OFFICE) as owner:
        assert owner.sign_in(login).status_code == 200
        seed = owner.seed
    reported = []
    for n in range(7):
        with person(behind_proxy, f"203.0.113.{n + 20}") as thief:
            page = thief.get("/oauth/login", params={"next": "/account"})
            page = thief.follow(thief.submit(page, login=login, password=PASSWORD))
            wrong = "000000" if pyotp.TOTP(seed).now() != "000000" else "111111"
            reported.append(thief.submit(page, code=wrong).status_code)
    assert reported == [401] * 5 + [429] * 2


def test_addresses_of_one_ipv6_network_count_as_one() -> None:
    def seen(address: str) -> str:
        return client_address({"headers": [(b"x-forwarded-for", address.encode())]}, trusted_proxy=True)

    assert seen("2001:db8:1:2::1") == seen("2001:db8:1:2:ffff::9") != seen("2001:db8:1:3::1")
    assert seen("203.0.113.7") != seen("203.0.113.8")
    assert seen("x, 198.51.100.1") == "198.51.100.1"
    assert seen("no:address") == "no:address"
