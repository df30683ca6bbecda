"""`lantoa load --bulk`: an archive is taken over once, whole, and what is wrong with a line is said."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

from harness.installation import Installation
from harness.people import Person, pull

COUNT = 1300


def archive(file: Path, lines: list[dict[str, Any] | str]) -> Path:
    file.write_text("".join((each if isinstance(each, str) else json.dumps(each)) + "\n" for each in lines))
    return file


def line(title: str, **changes: Any) -> dict[str, Any]:
    content = {
        "kind": "article", "title": title, "body": "# Cũ\n\nĐừng đưa **OTP**. <b>x</b>", "topics": ["online_scams"],
        "audiences": ["general_public"], "rights": {"license": "CC-BY-4.0"},
    }  # fmt: skip
    reported = {
        "content": content | changes.pop("content", {}),
        "approved_by": "Ban biên tập",
        "published_at": "2024-05-01T08:00:00Z",
    }
    return reported | changes


def load(installation: Installation, file: Path) -> tuple[int, dict[str, Any]]:
    command = [sys.executable, "-m", "cli.main", "load", "--bulk", str(file), "--owner", "congan", "--json"]
    done = subprocess.run(command, env=os.environ | installation.environ, capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def test_an_archive_is_taken_over_once_and_reaches_its_channels(installation: Installation, tmp_path: Path) -> None:
    mark = uuid4().hex
    file = archive(tmp_path / "a.ndjson", [line(f"Bài {mark} {n}") for n in range(COUNT)])
    with Person(installation.url) as reader:
        _, before = pull(reader, "public-web")
        assert load(installation, file) == (0, {"added": COUNT, "known": 0, "refused": 0, "errors": []})
        assert load(installation, file) == (0, {"added": 0, "known": COUNT, "refused": 0, "errors": []})
        changes, _ = pull(reader, "public-web", before, limit=500)
        items = [c["item"] for c in changes if mark in c.get("item", {}).get("title", "")]
        assert len({item["id"] for item in items}) == len(items) == COUNT
        one = items[0]
        assert one["published_at"] == "2024-05-01T08:00:00Z"
        assert one["source"]["organization"] == "congan"
        assert one["body_html"] == "<h1>Cũ</h1>\n<p>Đừng đưa <strong>OTP</strong>. &lt;b&gt;x&lt;/b&gt;</p>\n"
        assert reader.get(f"/v1/materials/{one['id']}").json() == one
    [row] = installation.sql("SELECT note, by, verb FROM history WHERE material_id = $1::text::uuid", one["id"])
    assert row == {"note": "archive:Ban biên tập", "by": "client:operator", "verb": "take_over"}
    most = installation.sql(
        "SELECT max(n) AS n FROM (SELECT count(*) AS n FROM entries WHERE changed_at > now() - interval '5 minutes' "
        "GROUP BY xmin) AS t"
    )
    assert most[0]["n"] <= 1000


def test_lines_that_cannot_be_published_are_named_and_left_out(installation: Installation, tmp_path: Path) -> None:
    mark = uuid4().hex
    wrong = [
        "no json",
        line(f"{mark} thừa", unknown=1),
        line(f"{mark} mã lạ", content={"topics": ["none"]}),
        line(f"{mark} không quyền", content={"rights": None}),
        line(f"{mark} chưa tới", published_at="2999-01-01T00:00:00Z"),
        line(f"{mark} hết hạn", content={"expires_at": "2020-01-01T00:00:00Z"}),
        line(f"{mark} điều khiển\u0007"),
        line(f"{mark} không múi giờ", published_at="2024-01-01T00:00:00"),
        line(f"{mark} phim", content={"kind": "video", "body": ""}),
    ]
    file = archive(tmp_path / "b.ndjson", [line(f"{mark} đúng"), *wrong, line(f"{mark} đúng nữa")])
    status, report = load(installation, file)
    assert (status, report["added"], report["refused"]) == (1, 2, len(wrong))
    assert [each["line"] for each in report["errors"]] == list(range(2, 2 + len(wrong)))
    reasons = [each["errors"][0] for each in report["errors"]]
    assert reasons[0] == ": no_json"
    assert reasons[2] == "/topics/0: unknown_code"
    assert reasons[3] == "/rights: required"
    assert reasons[4] == "/published_at: in_the_future"
    assert reasons[5] == "/content/expires_at: in_the_past"
    kept = installation.sql("SELECT title FROM materials WHERE title LIKE $1", f"%{mark}%")
    assert sorted(str(row["title"]) for row in kept) == [f"{mark} đúng", f"{mark} đúng nữa"]
