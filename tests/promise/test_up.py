"""The README, lived: `make up`, every command in it, Ctrl-C, and again."""

import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from runtime.local.servers import free_port

README = Path("README.md").read_text(encoding="utf-8")


class Up:
    """`make up` in a process group of its own, as a terminal starts it."""

    def __init__(self, home: Path) -> None:
        self.home, self.port = home, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environ = {k: v for k, v in os.environ.items() if not k.startswith(("LANTOA_", "MAKE"))} | {
            "LANTOA_HOME": str(home),
            "LANTOA_PORT": str(self.port),
        }

    def start(self) -> str:
        self.process = subprocess.Popen(
            ["make", "up"], env=self.environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            start_new_session=True,
        )  # fmt: skip
        printed: list[str] = []
        done = threading.Event()
        assert self.process.stdout
        out = self.process.stdout

        def listen() -> None:
            for line in out:
                printed.append(line)
                if "Ctrl-C" in line:
                    break
            done.set()

        threading.Thread(target=listen, daemon=True).start()
        assert done.wait(90), "".join(printed)
        assert "Ctrl-C" in printed[-1], "".join(printed)
        self.family = psutil.Process(self.process.pid).children(recursive=True)
        return "".join(printed)

    def interrupt(self) -> None:
        """Ctrl-C reaches the whole foreground group."""
        os.killpg(self.process.pid, signal.SIGINT)
        self.process.wait(30)
        left = psutil.wait_procs(self.family, timeout=10)[1]
        assert [each.cmdline() for each in left] == []

    def shell(self, command: str) -> str:
        environ = self.environ | {"LANG": "C.UTF-8"}
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command], env=environ, capture_output=True, text=True, timeout=60,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    made = Up(tmp_path / "home")
    yield made
    if made.process.poll() is None:
        os.killpg(made.process.pid, signal.SIGKILL)
    for each in made.family:
        if each.is_running():
            each.kill()


def blocks(text: str) -> list[str]:
    return re.findall(r"```sh\n(.*?)```", text, re.DOTALL)


@pytest.mark.timeout(240)
def test_every_command_of_the_readme_works_and_a_second_start_keeps_its_data(up: Up, tmp_path: Path) -> None:
    greeting = up.start()
    commands = [block for block in blocks(README) if "make up" not in block]
    assert len(commands) == 6
    everything = "\n".join(commands)
    for old, new in (
        ("127.0.0.1:8000", f"127.0.0.1:{up.port}"),
        (".lantoa/", f"{up.home}/"),
        ("phat-thanh", str(tmp_path / "mirror")),
    ):
        everything = everything.replace(old, new)
    printed = up.shell(everything)
    assert '"op":"upsert"' in printed
    assert '"channel":"district-radio"' in printed
    assert "/calendar.ics" in printed
    assert "Không đọc mã OTP cho ai" in printed
    assert "Tạo tài khoản" in up.shell(
        f"curl -s '{re.findall(r'http://[^ ]*/invite[?]code=[^ ]+', printed)[0].strip()}'"
    )
    assert len(list((tmp_path / "mirror" / "media").rglob("*.mp3"))) == 7

    printed = re.findall(r"^  (\S.*)$", greeting, re.MULTILINE)
    assert len(printed) == 3
    printed[2] = printed[2].replace("--to phat-thanh", f"--to {tmp_path / 'second'}")
    printed = up.shell("\n".join(printed))
    assert '"seq"' in printed
    assert len(list((tmp_path / "second" / "media").rglob("*.mp3"))) == 7

    up.interrupt()
    began = time.monotonic()
    again = up.start()
    print(f"warm start: {time.monotonic() - began:.1f} s")
    assert "Lan Tỏa" in again
    found = up.shell(".venv/bin/lantoa token bientap.stttt --json")
    token = json.loads(found)["access_token"]
    drafts = up.shell(f'curl -s -H "Authorization: Bearer {token}" "{up.url}/v1/desk/materials?limit=1"')
    assert "Không đọc mã OTP cho ai" in drafts
    up.interrupt()


def test_a_port_in_use_is_reported_in_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        environ = os.environ | {"LANTOA_HOME": str(tmp_path), "LANTOA_PORT": str(port)}
        done = subprocess.run(
            [".venv/bin/lantoa", "up"], env=environ, capture_output=True, text=True, check=False, timeout=60
        )
    assert done.returncode == 1
    assert done.stdout == ""
    assert [f"port {port} is taken" in line for line in done.stderr.strip().splitlines()] == [True]


def test_every_link_and_file_that_the_documents_name_exists() -> None:
    for document in (
        Path("README.md"),
        Path("CONTRIBUTING.md"),
        *Path("docs").rglob("*.md"),
        *Path("openapi").glob("*.md"),
    ):
        text = document.read_text(encoding="utf-8")
        for link in re.findall(r"\]\(([^)#]+)\)", text):
            if not link.startswith(("http", "mailto:")):
                assert (document.parent / link).exists(), f"{document}: {link}"
    assert len(README.splitlines()) < 80
