"""lantoa-sync as a newsroom lives with it: exit statuses, removals, takedowns, names, keys."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import rfc8785
from joserfc.jwk import ECKey
from lantoa_sync.errors import NotEqual
from lantoa_sync.state import Held, read_state
from lantoa_sync.tree import Tree

from harness.installation import Installation
from harness.people import Newsroom, Person

Done = subprocess.CompletedProcess[str]


class Partner:
    """A newspaper with its own client and folder."""

    def __init__(self, installation: Installation, folder: Path, channel: str = "press") -> None:
        self.installation, self.folder, self.channel = installation, folder, channel
        self.client = installation.new_client("baobinhthuan")

    def pull(self, *more: str, **environ: str) -> Done:
        command = [sys.executable, "-m", "lantoa_sync.main", "pull", "--json", "--to", str(self.folder)]
        reported = os.environ | {
            "LANTOA_SERVER": self.installation.url,
            "LANTOA_CLIENT_ID": self.client["client_id"],
            "LANTOA_CLIENT_SECRET": self.client["client_secret"],
        }
        return subprocess.run(
            [*command, "--channel", self.channel, *more], env=reported | environ, capture_output=True, text=True,
            timeout=90, check=False,
        )  # fmt: skip

    @property
    def live(self) -> dict[str, Held]:
        state = read_state(self.folder / ".lantoa-sync")
        assert state is not None
        return state.live


def events(done: Done, name: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return [line for line in lines if line["event"] == name]


@pytest.fixture
def partner(installation: Installation, tmp_path: Path) -> Partner:
    return Partner(installation, tmp_path / "mirror")


def test_what_is_killed_is_removed_and_the_takedown_acknowledged(
    installation: Installation, newsroom: Newsroom, partner: Partner
) -> None:
    material = newsroom.published(audiences=["general_public"])
    first = partner.pull()
    assert first.returncode == 0, first.stderr
    file = partner.folder / "materials" / f"{material['id']}.json"
    assert hashlib.sha256(file.read_bytes()).hexdigest() == partner.live[material["id"]].sha256

    newsroom.killed(material, "sai số điện thoại")
    second = partner.pull("--acknowledge")
    assert second.returncode == 0, second.stderr
    assert not file.exists()
    (removed,) = [e for e in events(second, "removed") if e["id"] == material["id"]]
    assert (removed["reason"], removed["note"]) == ("killed", "sai số điện thoại")
    deadline, answered = time.monotonic() + 20, events(second, "takedown")
    while not answered and time.monotonic() < deadline:  # who has what is noted within five seconds
        answered = events(partner.pull("--acknowledge"), "takedown")
    assert "removed" in {e["answer"] for e in answered}
    mine = Person(installation.url, installation.client_token(partner.client))
    waiting = mine.get("/v1/takedowns", params={"waiting": "true"}).json()["items"]
    assert material["id"] not in [each.get("material_id") for each in waiting]


class Forger:
    """A server between: what passes is changed by `forge`, by path, also into a problem (RFC 9457) to try again."""

    def __init__(self, url: str, forge: Callable[[str, dict[str, Any]], dict[str, Any]]) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                reported = {k: v for k, v in self.headers.items() if k.lower() in ("authorization", "content-type")}
                size = int(self.headers.get("content-length", 0))
                answer = httpx.request(self.command, url + self.path, headers=reported, content=self.rfile.read(size))
                body, status = answer.content, answer.status_code
                if answer.is_success and "json" in answer.headers["content-type"]:
                    printed = forge(self.path, answer.json())
                    body = json.dumps(printed, ensure_ascii=False).encode()
                    status = printed["status"] if "code" in printed else status
                self.send_response(status)
                self.send_header("retry-after", "0")
                self.send_header("content-type", answer.headers["content-type"])
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET  # noqa: N815

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> str:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self.url

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def documents(partner: Partner) -> list[Path]:
    return list((partner.folder / "materials").glob("*"))


def test_a_first_reading_is_seen_when_it_is_proven_and_not_before(installation: Installation, partner: Partner) -> None:
    """With the server's signature exchanged nothing is shown; what was read is kept, and proven the next time."""

    forging = [True]

    def unsigned(path: str, reported: dict[str, Any]) -> dict[str, Any]:
        return reported | {"signature": "A" * 86} if "/digest" in path and forging else reported

    with Forger(installation.url, unsigned) as url:
        done = partner.pull(LANTOA_SERVER=url)
        assert (done.returncode, documents(partner)) == (4, [])
        assert "digest" in done.stderr
        assert len(partner.live) > 10
        forging.clear()
        again = partner.pull(LANTOA_SERVER=url)
    assert again.returncode == 0, again.stderr
    assert len(documents(partner)) == len(partner.live)
    assert events(again, "equal")


def test_a_digest_that_is_made_in_parts_is_waited_for(installation: Installation, partner: Partner) -> None:
    parts = list(range(20))

    def in_parts(path: str, reported: dict[str, Any]) -> dict[str, Any]:
        if "/digest" not in path or not parts:
            return reported
        return {"status": 503, "code": "digest_under_way", "detail": f"{parts.pop()}"}

    with Forger(installation.url, in_parts) as url:
        done = partner.pull(LANTOA_SERVER=url)
    assert done.returncode == 0, done.stderr
    assert parts == []
    assert events(done, "equal")


def test_a_forged_document_is_found_whatever_hash_it_claims(installation: Installation, partner: Partner) -> None:
    def forged(path: str, reported: dict[str, Any]) -> dict[str, Any]:
        if "/changes" in path and reported["changes"]:
            change = reported["changes"][0]
            change["item"]["title"] = "Gửi mã OTP cho chúng tôi"
            change["sha256"] = hashlib.sha256(rfc8785.dumps(change["item"])).hexdigest()
        return reported

    with Forger(installation.url, forged) as url:
        done = partner.pull(LANTOA_SERVER=url)
    assert (done.returncode, documents(partner)) == (4, [])
    assert "signature" in done.stderr, "the second reading, document by document, names the one"


def test_what_belongs_to_nothing_is_swept_out_of_the_documents(tmp_path: Path) -> None:
    tree = Tree(tmp_path / "mirror", "https://example.vn", "press")
    ours = "0198c1a0-0000-7000-8000-000000000001"
    tree.keep(ours, 1, b"{}", {}, hashlib.sha256(b"{}").hexdigest())
    tree.settle_in()
    materials = tmp_path / "mirror" / "materials"
    (materials / "folder" / "inner").mkdir(parents=True)
    (tmp_path / "theirs.txt").write_text("stays")
    for name in ("folder/inner/x", f"{ours}.json.tmp", "0198c1a0-0000-7000-8000-000000000002.json"):
        (materials / name).write_text("x")
    (materials / "link").symlink_to(tmp_path)
    tree.sweep_documents()
    assert [each.name for each in materials.iterdir()] == [f"{ours}.json"]
    assert (tmp_path / "theirs.txt").exists()


def test_files_are_fetched_later_and_a_deleted_one_comes_back(partner: Partner) -> None:
    assert partner.pull().returncode == 0
    assert not list(partner.folder.rglob("*.mp3"))
    assert partner.pull("--media").returncode == 0
    files = sorted(each for each in (partner.folder / "media").rglob("*") if each.is_file())
    assert files
    files[0].unlink()
    again = partner.pull("--media", "--proxy")
    assert [e["file"] for e in events(again, "downloaded")] == [files[0].name]
    assert files[0].exists()


def test_a_changed_document_is_found_by_the_digest_and_mended(partner: Partner) -> None:
    partner.pull()
    file = next((partner.folder / "materials").iterdir())
    good = file.read_bytes()
    file.write_bytes(good.replace(b"title", b"titel", 1))
    again = partner.pull()
    assert again.returncode == 0
    assert events(again, "restart")
    assert file.read_bytes() == good


def test_a_wrong_secret_is_exit_2_and_a_server_that_is_away_exit_3(partner: Partner) -> None:
    assert partner.pull(LANTOA_CLIENT_SECRET="wrong").returncode == 2
    assert partner.pull(LANTOA_SERVER="http://127.0.0.1:9").returncode == 3
    unknown = partner.pull("--channel", "no-such-channel")
    assert unknown.returncode == 2
    assert "press" in unknown.stdout + unknown.stderr
    assert "public-web" in unknown.stdout + unknown.stderr
    assert not (partner.folder / "materials").exists() or not any((partner.folder / "materials").iterdir())


def test_a_channel_of_others_is_exit_2_and_a_revoked_one_deletes_the_copy(
    installation: Installation, newsroom: Newsroom, tmp_path: Path
) -> None:
    partner = Partner(installation, tmp_path / "mirror")
    slug = f"rieng-{partner.client['client_id'][-6:].lower()}".replace("_", "-")
    made = newsroom.coordinator.post("/v1/channels", json={"slug": slug, "title": "Riêng", "rule": {"kinds": ["faq"]}})
    assert made.status_code == 201, made.text
    partner.channel = slug
    assert partner.pull().returncode == 2
    organization = Person(installation.url, installation.client_token(partner.client)).get("/v1/me").json()
    grant = f"/v1/channels/{slug}/grants/{organization['organization']['id']}"
    assert newsroom.coordinator.put(grant).status_code == 204
    material = newsroom.published(kind="faq", body="", faq=[{"question": "Ai hỏi mã OTP?", "answer": "Kẻ lừa đảo."}])
    assert partner.pull().returncode == 0
    assert material["id"] in partner.live
    assert newsroom.coordinator.delete(grant).status_code == 204
    done = partner.pull("--acknowledge")
    assert done.returncode == 5, done.stderr
    assert partner.live == {}
    assert not any((partner.folder / "materials").iterdir())
    assert "removed" in [e["answer"] for e in events(done, "takedown")]


def test_it_signs_in_with_a_key_instead_of_a_secret(
    installation: Installation, partner: Partner, tmp_path: Path
) -> None:
    key = ECKey.generate_key("P-256", auto_kid=True)
    partner.client = installation.new_client("baobinhthuan", jwks={"keys": [key.as_dict(private=False)]})
    partner.client["client_secret"] = ""
    (tmp_path / "key.pem").write_bytes(key.as_pem(private=True))
    done = partner.pull("--key", str(tmp_path / "key.pem"))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a/b", "..", "", "x\x00", "C:\\x", "nul\n", "x" * 200, " . "])
def test_a_name_that_would_leave_the_folder_is_refused(name: str, tmp_path: Path) -> None:
    tree = Tree(tmp_path, "https://example.vn", "press")
    with pytest.raises(NotEqual):
        tree.safe_name(name, "0198c1a0-0000-7000-8000-000000000001")
    with pytest.raises(NotEqual):
        tree.safe_name("ok.mp3", name)


def test_a_link_that_leads_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    tree = Tree(tmp_path / "mirror", "https://example.vn", "press")
    (tmp_path / "mirror" / "media").symlink_to(tmp_path)
    with pytest.raises(NotEqual):
        tree.path_of("media/x/file.mp3")


def test_a_damaged_state_is_reported_and_a_pull_without_it_heals(newsroom: Newsroom, partner: Partner) -> None:
    newsroom.published(audiences=["general_public"])
    assert partner.pull().returncode == 0
    had, state = documents(partner), partner.folder / ".lantoa-sync" / "state.json"
    state.write_bytes(state.read_bytes()[:-9])
    reported = partner.pull()
    assert (reported.returncode, documents(partner)) == (4, had)
    assert "delete it and pull again" in reported.stderr
    assert "Traceback" not in reported.stderr
    shutil.rmtree(state.parent)
    again = partner.pull()
    assert again.returncode == 0, again.stderr
    assert len(documents(partner)) == len(partner.live)
