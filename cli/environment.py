"""Where a command finds its settings: the environment, else what `lantoa up` left in `.lantoa/`."""

import os
from pathlib import Path

from runtime.settings import Settings, read_settings

HOME = Path(os.environ.get("LANTOA_HOME", ".lantoa"))
ENVIRON = HOME / "environ"


def save_environ(values: dict[str, str]) -> None:
    """Leave the running installation's settings for the other commands, readable by the owner only."""
    descriptor = os.open(ENVIRON, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as sink:
        sink.writelines(f"{key}={value}\n" for key, value in values.items())


def saved_environ() -> dict[str, str]:
    if "LANTOA_DATABASE_URL" in os.environ or not ENVIRON.exists():
        return {}
    return dict(line.split("=", 1) for line in ENVIRON.read_text().splitlines() if "=" in line)


def settings() -> Settings:
    """Read the settings, or raise BadSetting."""
    return read_settings({**saved_environ(), **os.environ})
