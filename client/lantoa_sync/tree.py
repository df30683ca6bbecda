"""The mirror on disk. Every document is a temporary file and a rename; the state is written last, and flushed.

DIR/materials/{id}.json            the signed bytes of each live material
DIR/media/{id}/{asset}-{name}      its files
DIR/.lantoa-sync/                  where we stand and what we hold (see state.py)
DIR/.lantoa-sync/incoming/         documents of the first reading, until they are proven: then this is `materials`
"""

import fcntl
import os
import re
from hashlib import sha256
from pathlib import Path

from lantoa_sync.errors import NotEqual, Stop
from lantoa_sync.state import Held, Journal, State, Step, read_state, sync_directory

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
    """The files, and the state that says what they are (`state.State`)."""

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
        self._server, self._channel = server, channel
        self.cursor: str | None = None
        self.live: dict[str, Held] = {}
        self.removed: list[str] = []
        self.staged = True
        self._changed: set[str] = set()
        self._sure: set[str] = set()
        """Whose bytes this process has written or read and found to be those of the state."""
        self._incoming = self._hidden / "incoming"
        self._load()
        self._open()

    def _load(self) -> None:
        state = read_state(self._hidden)
        self._journal = Journal(self._hidden, state.journal if state else 0)
        if state is None:
            return
        if (state.server, state.channel) != (self._server, self._channel):
            raise Stop(f"{self.root} mirrors {state.channel} of {state.server}: choose another folder")
        self.cursor, self.live, self.removed = state.cursor, state.live, state.removed
        # Killed between the move and the note of it: what was moved was proven.
        self.staged = state.staged and (self._incoming.exists() or not self.live)

    def _open(self) -> None:
        """Open the folder of the documents: names in it are not resolved again, and it is no link."""
        self._documents = self._incoming if self.staged else self.root / "materials"
        self._documents.mkdir(exist_ok=True)
        try:
            self._folder = os.open(self._documents, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except OSError as error:
            raise NotEqual(f"{self._documents} is not a folder of its own") from error

    def settle_in(self) -> None:
        """What was read first is proven: it becomes `materials`, all at once."""
        materials = self.root / "materials"
        self._clear(materials)
        materials.rmdir()
        os.close(self._folder)
        self._incoming.rename(materials)
        sync_directory(self.root)
        self.staged = False
        self._open()
        self.save()

    def _clear(self, materials: Path) -> None:
        """Take away what stands there from a copy whose state was lost."""
        self.removed += [path.stem for path in materials.glob("*.json") if path.stem not in self.live]
        _sweep(materials, set())

    def note(self) -> None:
        """Remember this place with what is new since the last one: from here on a restart goes on."""
        if not (self._hidden / "state.json").exists():
            self.save()
            return
        live = {each: self.live[each] for each in self._changed if each in self.live}
        gone = [each for each in self._changed if each not in self.live]
        self._journal.note(Step(self.cursor, live, gone), durable=not self.staged)
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
        self._journal.snapshot(
            State(
                server=self._server, channel=self._channel,
                cursor=self.cursor, live=self.live, removed=self.removed, staged=self.staged,
            )
        )  # fmt: skip

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

    def keep(self, material_id: str, version: int, document: bytes, files: dict[str, str], digest: str) -> None:
        """Put a document with that SHA-256 down (its files are there already); drop the files of the version before."""
        if not _UUID.fullmatch(material_id):
            raise NotEqual(f"material id {material_id!r} is no UUID")
        self._put(f"{material_id}.json", document)
        old = self.live.get(material_id)
        for name in old.files.keys() - files if old else ():
            self.path_of(name).unlink(missing_ok=True)
        self._changed.add(material_id)
        self._sure.add(material_id)
        self.live[material_id] = Held(version, digest, files)

    def _put(self, name: str, data: bytes) -> None:
        """Write a document. Not flushed one by one: what a power cut takes, the digest at the next start finds."""
        at_once = name if self.staged else f"{name}.tmp"  # what is staged is looked at by nobody
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
        sink = os.open(at_once, flags, 0o666, dir_fd=self._folder)
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(sink, view) :]
        finally:
            os.close(sink)
        if at_once != name:
            os.rename(at_once, name, src_dir_fd=self._folder, dst_dir_fd=self._folder)

    def document(self, material_id: str) -> bytes:
        source = os.open(f"{material_id}.json", os.O_RDONLY | os.O_NOFOLLOW, dir_fd=self._folder)
        with os.fdopen(source, "rb") as file:
            return file.read()

    def lacks(self, files: dict[str, str], expected: int) -> bool:
        """Whether a material has fewer files than `expected`, in the state or on the disk."""
        return len(files) < expected or not all(self.path_of(name).exists() for name in files)

    def remove(self, material_id: str) -> bool:
        """Take a material and its files away. False when we never had it."""
        known = self.live.pop(material_id, None)
        if known is None:
            return False
        for name in known.files:
            self.path_of(name).unlink(missing_ok=True)
        (self._documents / f"{material_id}.json").unlink(missing_ok=True)
        self._sure.discard(material_id)
        self.removed.append(material_id)
        self._changed.add(material_id)
        return True

    def sweep_documents(self) -> None:
        """Remove documents that belong to nothing we hold: an interrupted run left them."""
        with os.scandir(self._documents) as found:
            for each in found:
                if each.is_dir(follow_symlinks=False):
                    _sweep(Path(each.path), set())
                    Path(each.path).rmdir()
                elif not each.name.endswith(".json") or each.name[:-5] not in self.live:
                    Path(each.path).unlink()

    def sweep_media(self) -> None:
        """The same of files, once all that we want are there: half ones are gone on with until then."""
        _sweep(self.root / "media", {self.root / name for known in self.live.values() for name in known.files})

    def digest(self) -> str:
        """SHA-256 over the sorted lines `id SP version SP sha256 LF`; a process reads each file once."""
        lines = []
        for material_id, known in self.live.items():
            found = known.sha256 if material_id in self._sure else self._found(material_id)
            if found == known.sha256:
                self._sure.add(material_id)
            lines.append(f"{material_id} {known.version} {found}\n")
        return sha256("".join(sorted(lines)).encode()).hexdigest()

    def _found(self, material_id: str) -> str:
        try:
            return sha256(self.document(material_id)).hexdigest()
        except OSError:
            return "missing"

    def forget(self) -> None:
        """Delete the whole copy (the grant was revoked)."""
        for material_id in list(self.live):
            self.remove(material_id)
        self.sweep_documents()
        self._clear(self.root / "materials")
        self.sweep_media()
        self.cursor = None
        self.save()


def _sweep(folder: Path, wanted: set[Path]) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and not path.is_symlink():
            if not any(path.iterdir()):
                path.rmdir()
        elif path not in wanted:
            path.unlink()
