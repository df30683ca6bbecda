"""The mirror on disk. Every document is a temporary file and a rename; the state is written last, and flushed.

DIR/materials/{id}.json            the signed bytes of each live material
DIR/media/{id}/{asset}-{name}      its files
DIR/.lantoa-sync/                  where we stand and what we hold (see state.py)
"""

import fcntl
import re
from hashlib import sha256
from pathlib import Path
from typing import Any

from lantoa_sync.errors import NotEqual, Stop
from lantoa_sync.state import Journal, read_state, write_atomically

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_UNSAFE = re.compile(r"[\x00-\x1f\x7f/\\:*?\"<>|]")
_MAX_NAME = 150
CHUNK = 1024 * 1024


def file_sha256(path: Path) -> str:
    digest = sha256()
    with path.open("rb") as source:
        while chunk := source.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


class Tree:
    """`live` maps material id to {version, sha256, files: {relative name: sha256}}; `removed` are ids we took away."""

    def __init__(self, root: Path, server: str, channel: str) -> None:
        self.root = root
        self._hidden = root / ".lantoa-sync"
        self._hidden.mkdir(parents=True, exist_ok=True)
        (root / "materials").mkdir(exist_ok=True)
        self._lock = (self._hidden / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Stop(f"another lantoa-sync is working in {root}") from error
        self._identity = {"server": server, "channel": channel}
        self.cursor: str | None = None
        self.live: dict[str, dict[str, Any]] = {}
        self.removed: list[str] = []
        self._changed: set[str] = set()
        self._load()

    def _load(self) -> None:
        state = read_state(self._hidden)
        self._journal = Journal(self._hidden, state["journal"] if state else 0)
        if state is None:
            return
        if {key: state[key] for key in self._identity} != self._identity:
            raise Stop(f"{self.root} mirrors {state['channel']} of {state['server']}: choose another folder")
        self.cursor, self.live, self.removed = state["cursor"], state["live"], state["removed"]

    def note(self) -> None:
        """Remember this place with what is new since the last one: from here on a restart goes on."""
        if not (self._hidden / "state.json").exists():
            self.save()
            return
        live = {each: self.live[each] for each in self._changed if each in self.live}
        self._journal.note(self.cursor, live, [each for each in self._changed if each not in self.live])
        self._changed.clear()

    def settle(self) -> None:
        """At the head: write a new snapshot when the journal has grown large."""
        if self._journal.large():
            self.save()
        elif self._changed:
            self.note()

    def save(self) -> None:
        """Write the whole state."""
        self._changed.clear()
        self.removed = self.removed[-10_000:]
        self._journal.snapshot(self._identity | {"cursor": self.cursor, "live": self.live, "removed": self.removed})

    def safe_name(self, name: str, asset_id: str) -> str:
        """A file's name in its folder; NotEqual for names that could leave it."""
        if not _UUID.fullmatch(asset_id):
            raise NotEqual(f"asset id {asset_id!r} is no UUID")
        if _UNSAFE.search(name) or name.strip(". ") == "" or len(name.encode()) > _MAX_NAME:
            raise NotEqual(f"file name {name!r} is not safe")
        return f"{asset_id}-{name}"

    def path_of(self, relative: str) -> Path:
        """The place of a name inside the tree; links out of it are not followed."""
        path = self.root / relative
        if not path.resolve().is_relative_to(self.root.resolve()):
            raise NotEqual(f"{relative!r} would leave {self.root}")
        return path

    def keep(self, material_id: str, version: int, document: bytes, files: dict[str, str]) -> None:
        """Put a document down (its files are there already) and drop the files of the version before."""
        if not _UUID.fullmatch(material_id):
            raise NotEqual(f"material id {material_id!r} is no UUID")
        # Not flushed one by one: what a power cut takes, the digest at the start of the next run finds.
        write_atomically(self.path_of(f"materials/{material_id}.json"), document, durable=False)
        old = self.live.get(material_id, {}).get("files", {})
        for name in set(old) - set(files):
            self.path_of(name).unlink(missing_ok=True)
        self._changed.add(material_id)
        self.live[material_id] = {"version": version, "sha256": sha256(document).hexdigest(), "files": files}

    def document(self, material_id: str) -> bytes:
        return self.path_of(f"materials/{material_id}.json").read_bytes()

    def lacks(self, files: dict[str, str], expected: int) -> bool:
        """Whether a material has fewer files than `expected`, in the state or on the disk."""
        return len(files) < expected or not all(self.path_of(name).exists() for name in files)

    def remove(self, material_id: str) -> bool:
        """Take a material and its files away. False when we never had it."""
        known = self.live.pop(material_id, None)
        if known is None:
            return False
        for name in known["files"]:
            self.path_of(name).unlink(missing_ok=True)
        self.path_of(f"materials/{material_id}.json").unlink(missing_ok=True)
        self.removed.append(material_id)
        self._changed.add(material_id)
        return True

    def sweep(self) -> None:
        """Remove whatever an interrupted run left that belongs to nothing we hold."""
        wanted = {self.root / "materials" / f"{each}.json" for each in self.live}
        wanted |= {self.root / name for known in self.live.values() for name in known["files"]}
        for folder in ("materials", "media"):
            for path in sorted((self.root / folder).rglob("*"), reverse=True):
                if path.is_dir() and not path.is_symlink():
                    if not any(path.iterdir()):
                        path.rmdir()
                elif path not in wanted:
                    path.unlink()

    def digest(self) -> str:
        """SHA-256 over the sorted lines `id SP version SP sha256 LF`, read from the files themselves."""
        lines = []
        for material_id, known in self.live.items():
            path = self.path_of(f"materials/{material_id}.json")
            found = file_sha256(path) if path.exists() else "missing"
            lines.append(f"{material_id} {known['version']} {found}\n")
        return sha256("".join(sorted(lines)).encode()).hexdigest()

    def forget(self) -> None:
        """Delete the whole copy (the grant was revoked)."""
        for material_id in list(self.live):
            self.remove(material_id)
        self.sweep()
        self.cursor = None
        self.save()
