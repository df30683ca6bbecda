"""`lantoa up`: everything on this machine, in one terminal."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from cli.clients import add_client
from cli.console import console, fail
from cli.environment import HOME, save_environ
from domain.errors import IdTaken, Refusal
from runtime.local.installation import LocalServers
from runtime.local.servers import CannotStart, Child
from runtime.services import open_services, prepare
from runtime.settings import BadSetting, Settings, read_settings
from storage.postgres.schema import OldSchema

Port = Annotated[int, typer.Option(envvar="LANTOA_PORT")]
Workers = Annotated[int, typer.Option(envvar="LANTOA_WORKERS", min=1)]
DEMO_CLIENT = "thu-nghiem"
DEMO_ORGANIZATION = "daiphanthiet"


def serve_command(host: str, port: int, workers: int) -> list[str]:
    """The command line of the server; with `-P` nothing is imported from the working directory."""
    return [sys.executable, "-P", "-m", "cli.serve", host, str(port), str(workers)]


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise CannotStart(
                f"cổng {port} đang có chương trình khác dùng · port {port} is taken: LANTOA_PORT={port + 1} make up"
            ) from error


async def _load(where: Settings) -> None:
    from programme.loader import load_programme

    await prepare(where)
    with console.status("Nạp chương trình · Loading the programme"):
        async with open_services(where) as services:
            await load_programme(services, lambda _done, _total: None)


async def _demo_secret(environ: dict[str, str]) -> str:
    """The demo client's secret: made once, stored beside the data of this machine."""
    file = HOME / "demo.secret"
    if file.exists():
        return file.read_text().strip()
    try:
        async with open_services(read_settings(environ)) as services:
            made = await add_client(
                services, DEMO_ORGANIZATION, "Máy thử nghiệm", client_id=DEMO_CLIENT, roles=("outlet_manager",)
            )
    except IdTaken:
        return "(lantoa client rotate-secret thu-nghiem)"
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as sink:
        sink.write(made["client_secret"])
    return str(made["client_secret"])


def _wait_ready(url: str, children: dict[str, Child]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"{url}/healthz/ready", timeout=2).status_code == 200:
                return
        for name, child in children.items():
            if child.process.poll() is not None:
                raise CannotStart(f"{name} stopped at once: see {HOME / (name + '.log')}")
        time.sleep(0.05)
    raise CannotStart(f"the API is not ready after 30 s: see {HOME / 'api.log'}")


def _greet(url: str, secret: str, seconds: float) -> None:
    sys.stdout.write(f"""
Lan Tỏa đang chạy · is running: {url}   ({seconds:.1f} s)
Tài liệu · Documentation:       {url}/docs

Lấy token · Get a token
  TOKEN=$(curl -s -u {DEMO_CLIENT}:{secret} -d grant_type=client_credentials {url}/oauth/token | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')
Nhận thay đổi · Pull changes
  curl -s -H "Authorization: Bearer $TOKEN" "{url}/v1/channels/district-radio/changes?limit=3"
Tải bài phát thanh · Download audio
  LANTOA_CLIENT_SECRET={secret} {Path(sys.executable).parent}/lantoa-sync pull --server {url} --client-id {DEMO_CLIENT} --channel district-radio --to phat-thanh --media

Ctrl-C để dừng · to stop
""")
    sys.stdout.flush()


def up(port: Port = 8000, workers: Workers = 1) -> None:
    """Start database, object store, API and worker; load the programme; stop all with Ctrl-C."""
    began = time.monotonic()
    children: dict[str, Child] = {}
    local: LocalServers | None = None
    for each in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, _interrupt)
    try:
        _check_port(port)
        local = LocalServers(HOME, port)
        local.start()
        environ = local.environ()
        save_environ(environ)
        asyncio.run(_load(read_settings(environ)))
        secret = asyncio.run(_demo_secret(environ))
        children["api"] = Child(serve_command("127.0.0.1", port, workers), HOME / "api.log", environ=environ)
        children["worker"] = Child([sys.executable, "-m", "cli.main", "worker"], HOME / "worker.log", environ=environ)
        _wait_ready(environ["LANTOA_PUBLIC_URL"], children)
        _greet(environ["LANTOA_PUBLIC_URL"], secret, time.monotonic() - began)
        while all(child.process.poll() is None for child in children.values()):
            time.sleep(0.3)
        raise CannotStart(f"a process stopped by itself: see {HOME}/*.log")
    except KeyboardInterrupt:
        console.print("\nĐang dừng · Stopping …")
    except (CannotStart, BadSetting, OldSchema, Refusal) as error:
        raise fail(str(error)) from error
    finally:
        for child in children.values():
            child.stop()
        if local is not None:
            local.stop()


def _interrupt(_signal: int, _frame: Any) -> None:
    raise KeyboardInterrupt
