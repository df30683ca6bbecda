"""What the server says, as far as we read it (openapi/sync.md). Members that we do not know are passed over."""

from typing import Any

import msgspec


class Change(msgspec.Struct):
    """`item` is the document's bytes as they came; a tombstone has none, and a reason instead."""

    op: str
    id: str
    version: int
    sha256: str = ""
    signature: str = ""
    kid: str = ""
    item: msgspec.Raw = msgspec.Raw(b"null")
    reason: str = ""
    note: str = ""


class Page(msgspec.Struct):
    changes: list[Change]
    next: str
    more: bool


class Item(msgspec.Struct):
    """What we read of a document."""

    id: str
    version: int
    title: str = ""
    assets: list[dict[str, Any]] = []


class Digest(msgspec.Struct):
    """The whole channel in one hash, signed."""

    cursor: str
    count: int
    sha256: str
    signature: str
    kid: str


read_page = msgspec.json.Decoder(Page).decode
read_item = msgspec.json.Decoder(Item).decode
read_digest = msgspec.json.Decoder(Digest).decode
