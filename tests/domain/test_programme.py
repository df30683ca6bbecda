"""The starter materials are complete, useful and within their limits."""

import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

PROGRAMME: dict[str, Any] = tomllib.loads(Path("programme/programme.toml").read_text(encoding="utf-8"))
MATERIALS = [
    tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted(Path("programme/materials").glob("*.toml"))
]
FILES = [asset["file"] for material in MATERIALS for asset in material.get("assets", [])]


def test_every_topic_of_the_decree_is_served() -> None:
    assert len(MATERIALS) >= 24
    assert len({material["id"] for material in MATERIALS}) == len(MATERIALS)
    topics = Counter(topic for material in MATERIALS for topic in material["topics"])
    assert set(topics) == {topic["code"] for topic in PROGRAMME["topics"]}
    audiences = {audience for material in MATERIALS for audience in material["audiences"]}
    assert audiences <= set(PROGRAMME["audiences"])
    assert len({material["kind"] for material in MATERIALS}) >= 6


def test_recordings_and_posters_are_there_and_small() -> None:
    paths = [Path("programme") / name for name in FILES]
    assert all(path.is_file() for path in paths)
    recordings = {path for path in paths if path.suffix == ".mp3"}
    assert len(recordings) >= 6
    assert all(path.stat().st_size <= 400_000 for path in recordings)
    assert len({path for path in paths if path.suffix in (".png", ".pdf")}) >= 4


def test_every_district_has_a_committee_and_a_radio_station() -> None:
    assert len(PROGRAMME["districts"]) == 10
    assert {channel["slug"] for channel in PROGRAMME["channels"]} == {
        "public-web", "press", "district-radio", "schools", "officials", "sms-alerts",
    }  # fmt: skip
