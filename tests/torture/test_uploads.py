"""A big file over a bad line: sixty cut connections, one killed API, right bytes, little memory, nothing left over."""

import os
import random
import socket
import struct
import time
from collections.abc import Iterator
from hashlib import sha256
from urllib.parse import urlsplit

import httpx
import psutil
import pytest

from harness.installation import Installation
from harness.people import Newsroom, Person

SIZE = 300 * 1024 * 1024
CUTS = 60
SEED = int(os.environ.get("LANTOA_SEED", "3250"))


def content(start: int) -> Iterator[bytes]:
    """A WAV file of noise that can be made from any place on."""
    block = random.Random(SEED).randbytes(1024 * 1024)
    header = (
        b"RIFF" + struct.pack("<I", SIZE - 8) + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 2, 48000, 192000, 4, 16)
    )
    header += b"data" + struct.pack("<I", SIZE - 44)
    at = start
    while at < SIZE:
        if at < len(header):
            piece = header[at:]
        else:
            begin = (at - len(header)) % len(block)
            piece = block[begin : begin + 256 * 1024][: SIZE - at]
        yield piece
        at += len(piece)


class Memory:
    """The most resident memory that the API's processes ever had."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.start = self.peak = self.now()

    def now(self) -> int:
        root = psutil.Process(self.pid)
        return sum(each.memory_info().rss for each in (root, *root.children(recursive=True)))

    def look(self) -> None:
        self.peak = max(self.peak, self.now())


def send_until(url: str, path: str, token: str, offset: int, stop_after: int, memory: Memory) -> None:
    """PATCH over a raw socket and tear the line after `stop_after` bytes."""
    where = urlsplit(url)
    with socket.create_connection((where.hostname, where.port), timeout=20) as line:
        head = (
            f"PATCH {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\nTus-Resumable: 1.0.0\r\n"
            f"Upload-Offset: {offset}\r\nContent-Type: application/offset+octet-stream\r\n"
            f"Content-Length: {SIZE - offset}\r\n\r\n"
        )
        line.sendall(head.encode())
        sent = 0
        for piece in content(offset):
            line.sendall(piece[: stop_after - sent])
            sent += len(piece)
            memory.look()
            if sent >= stop_after:
                break
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def stands_at(who: Person, path: str) -> int:
    """Ask until the server has put down what it received."""
    last = -1
    for _ in range(100):
        try:
            now = int(who.head(path, headers={"tus-resumable": "1.0.0"}).headers["upload-offset"])
        except (httpx.HTTPError, KeyError):
            now = -2
        if now == last >= 0:
            return now
        last = now
        time.sleep(0.1)
    raise AssertionError("the upload does not come to rest")


@pytest.mark.alone
@pytest.mark.torture
def test_300_megabytes_over_sixty_cuts_and_a_killed_api(installation: Installation, newsroom: Newsroom) -> None:
    chance = random.Random(SEED)
    url = installation.second_api()
    port = urlsplit(url).port
    editor = Person(url, installation.member_token("bientap.stttt"))
    made = editor.post("/v1/uploads", headers={"tus-resumable": "1.0.0", "upload-length": str(SIZE)})
    path = urlsplit(made.headers["location"]).path
    memory, growth, offset, wasted = Memory(installation.api[port].process.pid), 0, 0, 0
    for cut in range(CUTS):
        stop_after = chance.randrange(SIZE // CUTS // 2, SIZE // CUTS)
        send_until(url, path, editor.headers["authorization"], offset, stop_after, memory)
        if cut == CUTS // 2:
            growth = memory.peak - memory.start
            installation.api[port].kill()
            installation.start_api(port)
            installation.wait_ready(port)
            memory = Memory(installation.api[port].process.pid)
        now = stands_at(editor, path)
        wasted += offset + stop_after - now
        offset = now
    rest = editor.patch(
        path,
        content=content(offset),
        headers={
            "tus-resumable": "1.0.0",
            "upload-offset": str(offset),
            "content-type": "application/offset+octet-stream",
        },
        timeout=120,
    )
    memory.look()
    assert rest.status_code == 204, rest.text
    growth = max(growth, memory.peak - memory.start)
    digest = sha256()
    for piece in content(0):
        digest.update(piece)
    asset = editor.get(f"/v1/assets/{rest.headers['lantoa-asset']}").json()
    assert (asset["sha256"], asset["size_bytes"]) == (digest.hexdigest(), SIZE)
    left = installation.with_services(lambda services: services.objects.names(f"staging/{path.rsplit('/', 1)[-1]}"))
    print(f"seed {SEED}: growth {growth / 2**20:.1f} MiB, sent twice {wasted / 2**20:.1f} MiB, left {len(left)}")
    assert left == []
    assert growth <= 40 * 2**20
    installation.stop_api(url)
