"""Where a mirror stands: a snapshot and a journal. A page costs one line, however large the mirror is.

.lantoa-sync/state.json        the snapshot; `journal` names the journal that continues it
.lantoa-sync/journal-N.jsonl   one line for each page: the new cursor, what is new, what is gone
"""

import os
from pathlib import Path
from typing import IO

import msgspec

from lantoa_sync.errors import Damaged

_SMALL = 256 * 1024


class Held(msgspec.Struct, gc=False):
    """One material that we hold: its edition, the SHA-256 of its document, and of its files by their relative names."""

    version: int
    sha256: str
    files: dict[str, str] = {}


class State(msgspec.Struct, kw_only=True):
    """Where a mirror stands. `live`: by material id; `removed`: ids that we took away.

    `staged`: the channel was not yet read to its end and proven; nothing of it is in `materials`.
    `journal`: the number of the journal that goes on from here.
    """

    server: str
    channel: str
    cursor: str | None
    live: dict[str, Held]
    removed: list[str]
    staged: bool = False
    journal: int = 0


class Step(msgspec.Struct):
    """One line of the journal: the new cursor, what is new, what is gone."""

    cursor: str | None
    live: dict[str, Held]
    gone: list[str]


_read_state = msgspec.json.Decoder(State).decode
_read_step = msgspec.json.Decoder(Step).decode


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


def read_state(folder: Path) -> State | None:
    """Give the state with its journal applied; None where there is none. A half-written last line is not there.

    Damaged is raised for what nobody wrote like that.
    """
    try:
        return _read(folder)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Damaged(f"{folder} is damaged ({error}): delete it and pull again") from error


def _read(folder: Path) -> State | None:
    path = folder / "state.json"
    if not path.exists():
        return None
    state = _read_state(path.read_bytes())
    journal = folder / f"journal-{state.journal}.jsonl"
    if not journal.exists():
        return state
    with journal.open("rb") as lines:
        for line in lines:
            if not line.endswith(b"\n"):
                break
            step = _read_step(line)
            state.cursor = step.cursor
            state.live.update(step.live)
            for gone in step.gone:
                state.live.pop(gone, None)
                state.removed.append(gone)
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

    def note(self, step: Step, *, durable: bool = True) -> None:
        """Add one step; `durable`: flushed to the disk."""
        new = self._sink is None and not self._path.exists()
        sink = self._sink = self._sink or self._path.open("ab")
        sink.write(msgspec.json.encode(step) + b"\n")
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

    def snapshot(self, state: State) -> None:
        """Write everything anew and begin an empty journal."""
        old, self._number = self._path, self._number + 1
        self._path.unlink(missing_ok=True)  # of a state that was lost
        if self._sink:
            self._sink.close()
            self._sink = None
        data = msgspec.json.encode(msgspec.structs.replace(state, journal=self._number))
        write_atomically(self._folder / "state.json", data, durable=True)
        sync_directory(self._folder)
        old.unlink(missing_ok=True)
