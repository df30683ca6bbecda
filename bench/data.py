"""Generated materials: the programme's own documents under other ids and titles, signed, brought in by COPY."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
from rich.progress import track

from domain.canonical import canonical
from domain.ports import Signature
from storage.database import make_engine, parse_url
from storage.keys import load_keys
from storage.settings import Settings
from storage.system import SystemClock, SystemIds
from storage.work import FEED_LOCK

_BLOCK = 1000
_TEMPLATES = """
SELECT m.*, d.document FROM materials m JOIN editions d ON d.material_id = m.id AND d.version = m.live_version
 ORDER BY m.id
"""
_COLUMNS = (
    "id", "owner_id", "revision", "state", "kind", "title", "content", "attachments", "version", "live_version",
    "edited_by", "approved_by", "note", "first_published_at", "published_at", "created_at", "updated_at",
)  # fmt: skip
_PLACES = """
INSERT INTO entries (channel_id, material_id, seq, first_seq, version, changed_at, note)
SELECT $1, id, seq, seq, 1, now(), '' FROM (SELECT id, nextval('feed_seq') AS seq FROM unnest($2::uuid[]) AS id) AS made
"""


async def generate(settings: Settings, channel: str, count: int) -> None:
    """Put `count` more live materials into a channel, ≤ 1,000 entries a transaction."""
    engine = make_engine(settings.database_url)
    ring = await load_keys(engine, settings.secret_key, SystemClock())
    await engine.dispose()
    connection = await asyncpg.connect(**parse_url(settings.database_url))
    try:
        templates = await connection.fetch(_TEMPLATES)
        place = await connection.fetchval("SELECT id FROM channels WHERE slug = $1", channel)
        ids = SystemIds()
        for start in track(range(0, count, _BLOCK), description=f"Tạo {count:,} tài liệu · Making materials"):
            block = [(ids.new(), templates[n % len(templates)], n) for n in range(start, min(start + _BLOCK, count))]
            await _store(connection, place, block, ring.sign)
        await connection.execute("ANALYZE")
    finally:
        await connection.close()


async def _store(connection: Any, channel: UUID, block: list[tuple[UUID, Any, int]], sign: Any) -> None:
    now = datetime.now(UTC)
    materials, editions = [], []
    for material_id, template, n in block:
        item = msgspec.json.decode(template["document"])
        title = f"{item['title'][:180]} ({n})"
        document = canonical(item | {"id": str(material_id), "title": title, "version": 1})
        seal: Signature = sign(document)
        editions.append((material_id, 1, document, seal.sha256, seal.value, seal.kid, now, False))
        row = dict(template) | {"id": material_id, "title": title, "version": 1, "live_version": 1}
        materials.append(tuple(row[name] for name in _COLUMNS))
    async with connection.transaction():
        await connection.copy_records_to_table("materials", records=materials, columns=_COLUMNS)
        await connection.copy_records_to_table("editions", records=editions, columns=(
            "material_id", "version", "document", "sha256", "signature", "kid", "published_at", "hidden"))  # fmt: skip
        await connection.execute(f"SELECT pg_advisory_xact_lock({FEED_LOCK})")
        await connection.execute(_PLACES, channel, [each[0] for each in block])
