"""A change of the feed as it is sent (openapi/sync.md). Its bytes are made once, when it is placed."""

from datetime import datetime
from uuid import UUID

import msgspec

from domain.distribution.document import instant


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """What a change tells beside its place. The seal is that of the edition; a tombstone has none."""

    material_id: UUID
    version: int
    changed_at: datetime
    reason: str | None = None
    note: str = ""
    sha256: str | None = None
    signature: str | None = None
    kid: str | None = None


def tail_of(line: Line) -> str:
    """All that follows `{"seq":123`. An upsert ends where the bytes of its document begin; `}` closes it."""
    about = f'"id":"{line.material_id}","version":{line.version},"changed_at":"{instant(line.changed_at)}"'
    if line.reason is None:
        seal = f'"sha256":"{line.sha256}","signature":"{line.signature}","kid":"{line.kid}"'
        return f',"op":"upsert",{about},{seal},"item":'
    note = f',"note":{msgspec.json.encode(line.note).decode()}' if line.note else ""
    return f',"op":"tombstone",{about},"reason":"{line.reason}"{note}'


def opened(seq: int, tail: bytes) -> bytes:
    """The whole line of a change that has its place."""
    return b'{"seq":%d%b' % (seq, tail)
