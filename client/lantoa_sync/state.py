"""Where a mirror stands: a snapshot and a journal. A page costs one line, however large the mirror is.

.lantoa-sync/state.json        the snapshot; `journal` names the journal that continues it
.lantoa-sync/journal-N.jsonl   one line for each page: the new cursor, what is new, what is gone
"""

import json
import os
from pathlib import Path
from typing import IO, Any

_SMALL = 256 * 1024


def write_atomically(path: Path, data: bytes, *, durable: bool) -> None:
    temporary = path.with_name(path.name + ".tmp")
    with temporary.open("wb") as sink:
        sink.write(data)
        if durable:
            sink.flush()
            os.fsync(sink.fileno())
    temporary.replace(path)


def sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_state(folder: Path) -> dict[str, Any] | None:
    """Give the state with its journal applied; None where there is none. A half-written last line is not there."""
    path = folder / "state.json"
    if not path.exists():
        return None
    state: dict[str, Any] = {"journal": 0, "staged": False} | json.loads(path.read_text(encoding="utf-8"))
    journal = folder / f"journal-{state['journal']}.jsonl"
    if not journal.exists():
        return state
    with journal.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if not line.endswith("\n"):
                break
            step = json.loads(line)
            state["cursor"] = step["cursor"]
            state["live"].update(step["live"])
            for gone in step["gone"]:
                state["live"].pop(gone, None)
                state["removed"].append(gone)
    return state


class Journal:
    """Writes what `read_state` reads."""

    def __init__(self, folder: Path, number: int) -> None:
        self._folder = folder
        self._number = number
        self._sink: IO[bytes] | None = None
        path = self._path
        if path.exists():
            whole = path.read_bytes()
            if not whole.endswith(b"\n"):  # a run was killed within a line
                write_atomically(path, whole[: whole.rfind(b"\n") + 1], durable=True)

    @property
    def _path(self) -> Path:
        return self._folder / f"journal-{self._number}.jsonl"

    def note(self, cursor: str | None, live: dict[str, Any], gone: list[str], *, durable: bool = True) -> None:
        """Add one step; `durable`: flushed to the disk."""
        new = self._sink is None and not self._path.exists()
        sink = self._sink = self._sink or self._path.open("ab")
        step = {"cursor": cursor, "live": live, "gone": gone}
        sink.write(json.dumps(step, ensure_ascii=False).encode() + b"\n")
        sink.flush()
        if durable:
            os.fsync(sink.fileno())
        if new:
            sync_directory(self._folder)

    def large(self) -> bool:
        """Whether a new snapshot is worth its writing: the journal is as large as the last one."""
        size = self._path.stat().st_size if self._path.exists() else 0
        snapshot = self._folder / "state.json"
        return size > max(_SMALL, snapshot.stat().st_size if snapshot.exists() else 0)

    def snapshot(self, state: dict[str, Any]) -> None:
        """Write everything anew and begin an empty journal."""
        old, self._number = self._path, self._number + 1
        if self._sink:
            self._sink.close()
            self._sink = None
        data = json.dumps(state | {"journal": self._number}, ensure_ascii=False).encode()
        write_atomically(self._folder / "state.json", data, durable=True)
        sync_directory(self._folder)
        old.unlink(missing_ok=True)
