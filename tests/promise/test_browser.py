"""A real Chromium: a single-page app on another origin, and our pages on a phone without JavaScript.

LANTOA_PICTURES=folder keeps pictures of every page, to be looked at.
"""

import os
import shutil
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from harness.installation import PASSWORD, Installation

SPA = Path("tests") / "spa"
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome") or ""
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PHONE = {"width": 360, "height": 740}
pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.skipif(
        not CHROMIUM and "CI" not in os.environ, reason="Chromium is not installed (apt install chromium)"
    ),
]


class Silent(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=str(SPA))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


def picture(page: Page, name: str) -> None:
    if folder := os.environ.get("LANTOA_PICTURES"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def no_overflow(page: Page) -> None:
    width, seen = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert width <= seen, page.url


def test_an_app_on_another_origin_signs_in_calls_refreshes_and_logs_out(
    installation: Installation, origin: str, chromium: Browser
) -> None:
    member = installation.new_member("stttt", "editor")
    app = installation.new_app("stttt", f"{origin}/")
    page = chromium.new_context(locale="vi-VN").new_page()
    state = page.locator("#state")
    page.goto(f"{origin}/?issuer={installation.url}&app={app}")
    expect(state).to_have_text("ready")
    page.click("#in")
    page.get_by_label("Tên đăng nhập").fill(member.login)
    page.get_by_label("Mật khẩu").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/oauth/authorize**")
    picture(page, "consent-desktop")
    page.get_by_role("button", name="Cho phép").click()
    expect(state).to_have_text("editor · limits", timeout=10_000)
    page.click("#refresh")
    expect(state).to_have_text("editor · limits · rotated")
    page.click("#out")
    expect(state).to_have_text("out")
    page.click("#refresh")
    expect(state).to_have_text("invalid_grant")


def test_an_app_whose_origin_is_not_registered_reads_nothing(
    installation: Installation, origin: str, chromium: Browser
) -> None:
    page = chromium.new_context().new_page()
    page.goto(f"{origin}/?issuer={installation.url}&app=none")
    script = """async (url) => {
        try { return (await fetch(url, {headers: {authorization: "Bearer x"}})).status } catch (e) { return e.name }
    }"""
    stranger = origin.replace("127.0.0.1", "localhost")
    page.goto(f"{stranger}/")
    assert page.evaluate(script, f"{installation.url}/v1/me") == "TypeError"


@pytest.mark.parametrize(("size", "width"), [("phone", 360), ("desktop", 1280)])
def test_every_page_fits_and_works_without_javascript(
    installation: Installation, origin: str, chromium: Browser, size: str, width: int
) -> None:
    member = installation.new_member("stttt", "coordinator")
    app = installation.new_app("stttt", f"{origin}/")
    context = chromium.new_context(
        locale="vi-VN", viewport={"width": width, "height": 740}, java_script_enabled=False, base_url=installation.url
    )
    page = context.new_page()

    def seen(name: str) -> None:
        picture(page, f"{name}-{size}")

    page.goto("/oauth/login")
    assert page.locator("input:focus").get_attribute("id") == "login"
    seen("login")
    page.get_by_label("Tên đăng nhập").fill(member.login)
    page.get_by_label("Mật khẩu").fill("sai mật khẩu rồi")
    page.keyboard.press("Enter")
    assert "không đúng" in page.get_by_role("alert").inner_text()
    seen("login-wrong")
    page.get_by_label("Tên đăng nhập").fill(member.login)
    page.get_by_label("Mật khẩu").fill(PASSWORD)
    page.get_by_role("button").click()
    page.get_by_label("Mã 6 số trong ứng dụng").wait_for()
    seen("enrol")
    page.get_by_label("Mã 6 số trong ứng dụng").fill(pyotp.TOTP(page.locator("code").first.inner_text()).now())
    page.get_by_role("button").click()
    page.get_by_text("Chép các mã này").wait_for()
    seen("recovery")
    page.get_by_role("link", name="Tiếp tục").click()
    page.get_by_label("Mật khẩu hiện tại").wait_for()
    seen("account")
    page.goto("/oauth/device")
    seen("device")
    address = f"/oauth/authorize?response_type=code&client_id={app}&redirect_uri={origin}/&code_challenge={'a' * 43}"
    page.goto(f"{address}&code_challenge_method=S256&state=1")
    page.get_by_role("button", name="Từ chối").wait_for()
    seen("consent")
    page.get_by_role("button", name="Từ chối").click()
    page.wait_for_url(f"{origin}/**")
    assert "error=access_denied" in page.url
    page.goto(f"/invite?code={installation.new_invitation('stttt', 'editor')}")
    page.get_by_label("Họ và tên").wait_for()
    seen("invite")
    page.goto(f"{address}&redirect_uri=https://evil.example/")
    assert "Không thể tiếp tục" in page.locator("h1").inner_text()
    seen("refused")


def test_pages_fit_a_phone(installation: Installation, chromium: Browser) -> None:
    page = chromium.new_context(viewport=PHONE, base_url=installation.url).new_page()
    for path in ("/oauth/login", "/invite?code=x", "/oauth/authorize?client_id=x"):
        page.goto(path)
        no_overflow(page)
        assert page.locator("html").get_attribute("lang") in ("vi", "en")
        assert page.locator("h1").count() == 1
        unnamed = page.evaluate(
            "[...document.querySelectorAll('input:not([type=hidden])')].filter(i => !i.labels.length).length"
        )
        assert unnamed == 0
