"""Addresses of files: a killed material's address is dead when its window is over."""

import time

import httpx

from harness.installation import Installation
from harness.people import Newsroom, Person
from runtime.settings import read_settings

SECONDS = 4


def published_with_file(installation: Installation, newsroom: Newsroom) -> tuple[dict, str]:
    [asset] = installation.sql("SELECT id FROM assets WHERE media_type = 'audio/mpeg' LIMIT 1")
    draft = newsroom.draft(title="Có tệp")
    with_file = newsroom.coordinator.put(
        f"/v1/desk/materials/{draft['id']}/assets/{asset['id']}", json={"role": "main"}, headers={"if-match": '"1"'}
    )
    assert with_file.status_code == 200, with_file.text
    review = newsroom.do(newsroom.coordinator, with_file.json(), "request_review")
    return newsroom.do(newsroom.coordinator, newsroom.do(newsroom.approver, review, "approve"), "publish"), asset["id"]


def test_the_default_window_is_a_minute(installation: Installation) -> None:
    environ = {key: value for key, value in installation.environ.items() if key != "LANTOA_MEDIA_ADDRESS_SECONDS"}
    assert read_settings(environ).media_address_seconds == 60


def test_the_address_of_a_killed_materials_file_is_dead_after_the_window(
    installation: Installation, newsroom: Newsroom
) -> None:
    url = installation.second_api(LANTOA_MEDIA_ADDRESS_SECONDS=str(SECONDS))
    try:
        material, _ = published_with_file(installation, newsroom)
        upload = newsroom.editor.get(f"/v1/desk/materials/{material['id']}").json()["assets"][0]["asset_id"]
        with Person(url) as reader:
            redirect = reader.get(f"/v1/media/{upload}/original")
            assert redirect.status_code == 302, redirect.text
            address = redirect.headers["location"]
            kept = int(redirect.headers["cache-control"].partition("max-age=")[2])
            assert kept <= SECONDS
            assert httpx.get(address).status_code == 200
            newsroom.killed(material)
            time.sleep(SECONDS + 1)
            assert httpx.get(address).status_code == 403
    finally:
        installation.stop_api(url)
