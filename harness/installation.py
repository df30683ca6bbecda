"""A real installation for tests: PostgreSQL, an S3 server, API processes and a worker, each killable."""

import asyncio
import os
import re
import secrets
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import httpx

from cli.clients import add_client
from cli.tokens import mint_member_token
from domain.actor import OPERATOR
from domain.identity.actions import clients, members
from domain.identity.client import INTERACTIVE
from domain.identity.member import Member, Role
from programme.loader import load_programme
from runtime.local.installation import LocalServers
from runtime.local.servers import Child, free_port
from runtime.services import Services, open_services, prepare
from runtime.settings import Settings, read_settings
from storage.postgres.connections import parse_url

T = TypeVar("T")
PASSWORD = "chuồn-chuồn-bay-thấp-thì-mưa"


def finished(work: Coroutine[Any, Any, T]) -> T:
    """Run to its end, also where the calling thread has a loop of its own (Playwright)."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


class Installation:
    """Everything that `lantoa up` starts, part by part. `outside` is true when the servers are not ours to kill."""

    def __init__(self, name: str, home: Path | None = None) -> None:
        self.home = home or Path(tempfile.mkdtemp(prefix=f"lantoa-{name}-"))
        self.port = free_port()
        self.outside = "LANTOA_TEST_DATABASE_URL" in os.environ
        self.local = None if self.outside else LocalServers(self.home, self.port)
        self.api: dict[int, Child] = {}
        self.metrics: dict[int, int] = {}
        self.worker: Child | None = None
        self.environ: dict[str, str] = {}
        self.extra: dict[str, str] = {}
        self.secrets: set[str] = {PASSWORD}
        self.name = name

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def settings(self) -> Settings:
        return read_settings(self.environ)

    def start(self) -> None:
        self.start_parts()
        self.start_programs()

    def start_parts(self) -> None:
        """PostgreSQL and objects, with the programme in them."""
        if self.local:
            self.local.start()
            self.environ = self.local.environ()
        else:
            self.environ = finished(_outside(self.name, self.port))
        self.environ |= {"LANTOA_RATE_LIMIT": "10000000", "LANTOA_RATE_LIMIT_ANONYMOUS": "10000000"} | self.extra
        finished(self._prepare())

    def start_programs(self) -> None:
        self.start_api(self.port)
        self.start_worker()
        self.wait_ready(self.port)

    async def _prepare(self) -> None:
        await prepare(self.settings)
        async with open_services(self.settings) as services:
            await load_programme(services, lambda _done, _total: None)

    def with_services(self, use: Callable[[Services], Coroutine[Any, Any, T]]) -> T:
        """Run `use` with the services of a command."""

        async def work() -> T:
            async with open_services(self.settings) as services:
                return await use(services)

        return finished(work())

    def start_api(self, port: int, **more: str) -> Child:
        command = [sys.executable, "-m", "cli.main", "serve", "--port", str(port)]
        self.metrics[port] = free_port()
        environ = self.environ | {"LANTOA_METRICS": f"127.0.0.1:{self.metrics[port]}"} | more
        self.api[port] = Child(command, self.home / f"api-{port}.log", environ=environ)
        return self.api[port]

    def start_worker(self) -> None:
        self.worker = Child(
            [sys.executable, "-m", "cli.main", "worker"], self.home / "worker.log", environ=self.environ
        )

    def second_api(self, **more: str) -> str:
        """One more API process on the same parts, with these settings changed; gives its address."""
        port = free_port()
        self.start_api(port, **more)
        self.wait_ready(port)
        return f"http://127.0.0.1:{port}"

    def measured(self, url: str | None = None) -> dict[str, float]:
        """What `/metrics` of an API says: name with labels, as in the text, to value."""
        text = httpx.get(f"http://127.0.0.1:{self.metrics[urlsplit(url or self.url).port]}/metrics").text
        lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
        return {name: float(value) for name, _, value in lines}

    def stop_api(self, url: str) -> None:
        self.api.pop(urlsplit(url).port).stop()

    def wait_ready(self, port: int, seconds: float = 30) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                if httpx.get(f"http://127.0.0.1:{port}/healthz/ready", timeout=3).status_code == 200:
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.05)
        raise AssertionError((self.home / f"api-{port}.log").read_text()[-3000:])

    def stop(self) -> None:
        for child in (*self.api.values(), self.worker):
            if child:
                child.stop()
        if self.local:
            self.local.stop()

    def member_token(self, login: str, scopes: str = "") -> str:
        made = self.with_services(lambda services: mint_member_token(services, login, scopes.split(), 60))
        return self.keep_secret(made["access_token"])

    def new_client(self, organization: str, **more: object) -> dict[str, str]:
        plan = {"roles": ("outlet_manager",)} | more
        made = self.with_services(lambda services: add_client(services, organization, "test", **plan))
        self.keep_secret(made.get("client_secret", ""))
        return made

    def new_app(self, organization: str, *redirect_uris: str, **more: object) -> str:
        """Register a public client that acts for people; gives its id."""
        grants = tuple(g for g in INTERACTIVE if redirect_uris or g != "authorization_code")
        plan = {"public": True, "redirect_uris": redirect_uris, "grant_types": grants} | more
        made = self.with_services(lambda services: add_client(services, organization, "Ứng dụng thử", **plan))
        return made["client_id"]

    def new_invitation(self, organization: str, *roles: Role, email: str | None = None) -> str:
        """Invite somebody; gives the code."""

        async def invite(services: Services) -> str:
            owner = await clients.owner_of(services.work(), organization)
            return (await members.invite(services.work(), OPERATOR, owner, roles, email))[1]

        return self.keep_secret(self.with_services(invite))

    def new_member(self, organization: str, *roles: Role, password: str = PASSWORD) -> Member:
        """A person with a password, as the invitation page makes one."""
        code = self.new_invitation(organization, *roles)

        async def accept(services: Services) -> Member:
            login = f"nguoi.{secrets.token_hex(4)}"
            proof = members.NewPassword(services.authenticator.passwords, password)
            return await members.accept(services.work(), code, login=login, name="Người Thử", proof=proof)

        return self.with_services(accept)

    def client_token(self, client: dict[str, str], url: str | None = None) -> str:
        answer = httpx.post(
            f"{url or self.url}/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=(client["client_id"], client["client_secret"]),
        )
        answer.raise_for_status()
        return self.keep_secret(answer.json()["access_token"])

    def keep_secret(self, text: str) -> str:
        """Remember what must never show up in a log or in the audit trail."""
        if len(text) >= 6:
            self.secrets.add(text)
        return text

    def leaked(self) -> list[str]:
        """Where a secret of this whole run, or anything that looks like a token, was written down."""
        written = {file.name: file.read_text(errors="replace") for file in self.home.rglob("*.log")}
        written["audit"] = "\n".join(str(dict(row)) for row in self.sql("SELECT actor, thing, detail::text FROM audit"))
        tokens = re.compile(r"eyJ[A-Za-z0-9_-]{10,}\.eyJ|Bearer [A-Za-z0-9]|Basic [A-Za-z0-9]{8}")
        found = [f"{name}: {match[:12]}…" for name, text in written.items() for match in tokens.findall(text)]
        return found + [f"{name}: a secret" for name, text in written.items() for each in self.secrets if each in text]

    def sql(self, statement: str, *values: object) -> list[dict[str, object]]:
        async def work() -> list[dict[str, object]]:
            connection = await asyncpg.connect(**parse_url(self.environ["LANTOA_DATABASE_URL"]))
            try:
                return [dict(row) for row in await connection.fetch(statement, *values)]
            finally:
                await connection.close()

        return finished(work())


async def _outside(name: str, port: int) -> dict[str, str]:
    """Point at servers that are already there: a database and a bucket of our own on them."""
    given = os.environ["LANTOA_TEST_DATABASE_URL"]
    database = f"lantoa_test_{name}".replace("-", "_")
    connection = await asyncpg.connect(**parse_url(given))
    await connection.execute(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')
    await connection.execute(f'CREATE DATABASE "{database}"')
    await connection.close()
    parts = urlsplit(given)
    return {
        "LANTOA_DATABASE_URL": urlunsplit(parts._replace(path=f"/{database}")),
        "LANTOA_S3_ENDPOINT": os.environ["LANTOA_TEST_S3_ENDPOINT"],
        "LANTOA_S3_ACCESS_KEY": os.environ["LANTOA_TEST_S3_ACCESS_KEY"],
        "LANTOA_S3_SECRET_KEY": os.environ["LANTOA_TEST_S3_SECRET_KEY"],
        "LANTOA_S3_BUCKET": database.replace("_", "-"),
        "LANTOA_SECRET_KEY": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "LANTOA_PUBLIC_URL": f"http://127.0.0.1:{port}",
    }
