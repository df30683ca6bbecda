"""A local installation: its servers, and its settings, made once in `.lantoa/local.env`, readable by its owner only."""

import os
import secrets
from pathlib import Path

from runtime.local.servers import EmbeddedObjects, EmbeddedPostgres, free_port

DEFAULT_PORT = 8000


class LocalServers:
    """The embedded servers under one directory, and the environment that points at them."""

    def __init__(self, directory: Path, port: int) -> None:
        self._home = directory
        self.port = port
        self._home.mkdir(parents=True, exist_ok=True)
        stored = self._stored()
        self.postgres = EmbeddedPostgres(self._home)
        self.objects = EmbeddedObjects(
            self._home,
            int(stored["LANTOA_S3_PORT"]),
            stored["LANTOA_S3_ACCESS_KEY"],
            stored["LANTOA_S3_SECRET_KEY"],
        )
        self._secrets = stored

    def _stored(self) -> dict[str, str]:
        file = self._home / "local.env"
        if not file.exists():
            fresh = {
                "LANTOA_SECRET_KEY": secrets.token_urlsafe(32),
                "LANTOA_S3_ACCESS_KEY": secrets.token_hex(10),
                "LANTOA_S3_SECRET_KEY": secrets.token_urlsafe(30),
                "LANTOA_S3_PORT": str(free_port()),
            }
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as sink:
                sink.writelines(f"{key}={value}\n" for key, value in fresh.items())
        return dict(line.split("=", 1) for line in file.read_text().splitlines() if "=" in line)

    def start(self) -> None:
        self.postgres.start()
        self.objects.start()

    def stop(self) -> None:
        self.objects.stop()
        self.postgres.stop()

    def environ(self) -> dict[str, str]:
        """LANTOA_* for every process of this installation."""
        return {
            "LANTOA_DATABASE_URL": self.postgres.url(),
            "LANTOA_S3_ENDPOINT": self.objects.endpoint,
            "LANTOA_S3_ACCESS_KEY": self._secrets["LANTOA_S3_ACCESS_KEY"],
            "LANTOA_S3_SECRET_KEY": self._secrets["LANTOA_S3_SECRET_KEY"],
            "LANTOA_SECRET_KEY": self._secrets["LANTOA_SECRET_KEY"],
            "LANTOA_PUBLIC_URL": f"http://127.0.0.1:{self.port}",
        }
