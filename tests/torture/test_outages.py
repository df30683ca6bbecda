"""Database or object server stopped: 503 with Retry-After within two seconds, recovery without restart, nothing lost."""

import time
from collections.abc import Callable, Iterator

import httpx
import pytest

from harness.installation import Installation
from harness.people import ARTICLE, Newsroom, Person


@pytest.fixture
def own() -> Iterator[Installation]:
    made = Installation("outage")
    if made.outside:
        pytest.skip("the servers are not ours to stop")
    made.start()
    yield made
    made.stop()


def soon(condition: Callable[[], bool], seconds: float = 15) -> float:
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds
        time.sleep(0.1)
    return time.monotonic() - began


def assert_503(answer: httpx.Response) -> None:
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable"), answer.text
    assert int(answer.headers["retry-after"]) > 0
    assert answer.elapsed.total_seconds() < 2


@pytest.mark.alone
@pytest.mark.torture
def test_a_killed_database_is_503_and_comes_back_with_everything_acknowledged(own: Installation) -> None:
    assert own.local
    newsroom = Newsroom(own)
    kept = [newsroom.draft(title=f"Bản {n}")["id"] for n in range(20)]
    own.local.postgres.kill()
    for path in ("/healthz/ready", "/v1/channels/public-web/changes", f"/v1/materials/{kept[0]}"):
        assert_503(newsroom.editor.get(path))
    assert_503(newsroom.editor.post("/v1/desk/materials", json=ARTICLE))
    assert_503(httpx.post(f"{own.url}/oauth/token", data={"grant_type": "client_credentials"}, auth=("a", "b")))
    assert newsroom.editor.get("/healthz/live").status_code == 200
    own.local.postgres.start()
    took = soon(lambda: newsroom.editor.get("/healthz/ready").status_code == 200)
    for each in kept:
        assert newsroom.editor.get(f"/v1/desk/materials/{each}").status_code == 200
    assert newsroom.published()["state"] == "published"
    print(f"database back after {took:.1f} s")


@pytest.mark.alone
@pytest.mark.torture
def test_a_stopped_object_store_is_503_and_uploads_go_on_where_they_were(own: Installation) -> None:
    assert own.local
    editor = Person(own.url, own.member_token("bientap.stttt"))
    tus = {"tus-resumable": "1.0.0"}
    stream = tus | {"content-type": "application/offset+octet-stream"}
    data = open("programme/media/ap-phich-duoi-gov-vn.png", "rb").read()  # noqa: PTH123, SIM115
    made = editor.post("/v1/uploads", headers=tus | {"upload-length": str(len(data))})
    path = httpx.URL(made.headers["location"]).path
    half = len(data) // 2
    assert editor.patch(path, content=data[:half], headers=stream | {"upload-offset": "0"}).status_code == 204
    own.local.objects.kill()
    assert_503(editor.patch(path, content=data[half:], headers=stream | {"upload-offset": str(half)}))
    assert_503(editor.get("/healthz/ready"))
    assert editor.head(path, headers=tus).headers["upload-offset"] == str(half)
    assert editor.get("/v1/channels/public-web/changes").status_code == 200
    own.local.objects.start()
    soon(lambda: editor.get("/healthz/ready").status_code == 200)
    done = editor.patch(path, content=data[half:], headers=stream | {"upload-offset": str(half)})
    assert (done.status_code, "lantoa-asset" in done.headers) == (204, True)


@pytest.mark.alone
@pytest.mark.torture
def test_a_killed_api_loses_nothing_that_was_acknowledged(own: Installation) -> None:
    newsroom = Newsroom(own)
    kept: list[str] = []
    for _ in range(3):
        kept += [newsroom.draft()["id"] for _ in range(10)]
        own.api[own.port].kill()
        own.start_api(own.port)
        own.wait_ready(own.port)
        newsroom = Newsroom(own)
    assert [newsroom.editor.get(f"/v1/desk/materials/{each}").status_code for each in kept] == [200] * 30
