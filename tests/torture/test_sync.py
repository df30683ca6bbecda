"""lantoa-sync killed with SIGKILL at random points ends with a verified tree and downloads no finished byte twice."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from hashlib import sha256
from pathlib import Path

import pytest
from lantoa_sync.state import read_state

from harness.installation import Installation

SEED = int(os.environ.get("LANTOA_SEED", "3250"))
KILLS = 20


def command(installation: Installation, client: dict[str, str], to: Path, *more: str) -> list[str]:
    return [
        sys.executable, "-m", "lantoa_sync.main", "pull", "--server", installation.url, "--client-id", client["client_id"],
        "--channel", "district-radio", "--to", str(to), "--media", "--json", *more,
    ]  # fmt: skip


def verified(to: Path) -> dict[str, str]:
    """Check every file against the documents; give name → SHA-256."""
    state = read_state(to / ".lantoa-sync")
    assert state is not None
    names = {f"materials/{each}.json": known.sha256 for each, known in state.live.items()}
    for known in state.live.values():
        names |= known.files
    on_disk = {
        str(p.relative_to(to)) for folder in ("materials", "media") for p in (to / folder).rglob("*") if p.is_file()
    }
    assert on_disk == set(names)
    for name, digest in names.items():
        assert sha256((to / name).read_bytes()).hexdigest() == digest
    return names


@pytest.mark.alone
@pytest.mark.torture
def test_twenty_kills_end_with_the_same_tree_and_no_finished_byte_twice(
    installation: Installation, tmp_path: Path
) -> None:
    chance = random.Random(SEED)
    client = installation.new_client("daiphanthiet")
    environ = {**os.environ, "LANTOA_CLIENT_SECRET": client["client_secret"]}
    finished: list[str] = []
    struck = 0
    began = time.monotonic()
    subprocess.run(command(installation, client, tmp_path / "whole"), env=environ, check=True, capture_output=True)
    whole = time.monotonic() - began
    for _ in range(KILLS):
        running = subprocess.Popen(
            command(installation, client, tmp_path / "tree"),
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(chance.uniform(0.2, 1.0) * whole)
        struck += running.poll() is None
        running.send_signal(signal.SIGKILL)
        finished += [e["file"] for e in events(running.communicate()[0]) if e["event"] == "downloaded"]
    last = subprocess.run(
        command(installation, client, tmp_path / "tree"), env=environ, check=True, capture_output=True
    )
    finished += [e["file"] for e in events(last.stdout) if e["event"] == "downloaded"]
    assert verified(tmp_path / "tree") == verified(tmp_path / "whole")
    assert "equal" in [e["event"] for e in events(last.stdout)]
    assert len(finished) == len(set(finished)), "a finished file was downloaded again"
    print(f"seed {SEED}: {struck} of {KILLS} kills struck a running pull of {whole:.1f} s")
    assert struck >= KILLS // 2


def events(out: bytes) -> list[dict[str, str]]:
    lines = out.decode().splitlines()
    return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]
