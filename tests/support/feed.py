"""A channel of its own in a real database, and what is done to it."""

from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID, uuid4

from adapters.clock import SystemClock
from adapters.ids import SystemIds
from adapters.recurrence import expand_rule
from domain.content.content import Content
from domain.content.material import Material
from domain.distribution.change import FeedEntry, cursor_at
from domain.distribution.channel import Channel, RoutingRule
from domain.distribution.publication import PublishedVersion, Signature
from domain.events import Event
from domain.read_access import ANONYMOUS
from harness.installation import Installation
from storage.distribution.digest import Digest, DigestReader
from storage.distribution.feed import ChannelHead, FeedReader, Page
from storage.postgres.connections import make_engine, make_pool
from storage.postgres.unit_of_work import PostgresUnitOfWork

WRITE = Event(actor="test", activity="test", target="test")


def body_of(version: int) -> bytes:
    return f'{{"v":{version}}}'.encode()


class Bench:
    """A channel of its own, and materials to put into it."""

    def __init__(self, installation: Installation) -> None:
        self.url = installation.environ["LANTOA_DATABASE_URL"]
        self.slug = f"order-{uuid4().hex[:10]}"

    async def open(self) -> None:
        self.engine = make_engine(self.url, size=6)
        self.pool = await make_pool(self.url, size=4)
        self.feed = FeedReader(self.pool)
        self.digests = DigestReader(self.pool)
        self.channel = Channel(
            id=SystemIds().new(), slug=self.slug, title="t", public=True, rule=RoutingRule(kinds=("sms",))
        )
        async with self.work() as work:
            self.owner = (await work.organizations.get_by_code("stttt")).id
            await work.channels.add(self.channel)
            await work.commit(WRITE)

    async def close(self) -> None:
        await self.pool.close()
        await self.engine.dispose()

    def work(self) -> PostgresUnitOfWork:
        return PostgresUnitOfWork(self.engine, SystemClock(), SystemIds(), expand_rule)

    async def material(self) -> UUID:
        now = datetime.now(UTC)
        content = Content(kind="article", title="t")
        made = Material(
            id=SystemIds().new(), owner_id=self.owner, content=content, edited_by="t", created_at=now, updated_at=now
        )
        async with self.work() as work:
            await work.materials.add(made)
            await work.commit(WRITE)
        return made.id

    async def add_version(self, material_id: UUID, version: int) -> None:
        async with self.work() as work:
            kid = await (await work.connection()).fetchval("SELECT kid FROM signing_keys LIMIT 1")
            body = body_of(version)
            signature = Signature(sha256=sha256(body).hexdigest(), value="s", kid=kid)
            now = datetime.now(UTC)
            await work.publications.add(
                PublishedVersion(
                    material_id=material_id, version=version, document=body, signature=signature, published_at=now
                )
            )
            await work.commit(WRITE)

    def entry(self, material_id: UUID, version: int, reason: str | None = None) -> FeedEntry:
        return FeedEntry(
            channel_id=self.channel.id,
            material_id=material_id,
            version=version,
            changed_at=datetime.now(UTC),
            reason=reason,
        )

    async def head(self) -> ChannelHead:
        return await self.feed.get_channel_head(self.slug, ANONYMOUS)

    async def page(self, seq: int, limit: int, *, first: bool) -> Page:
        cursor = None if first else str(cursor_at((await self.head()).epoch, self.channel.id, seq))
        return await self.feed.get_page(self.slug, ANONYMOUS, cursor, limit)

    async def seen_after(self, seq: int) -> tuple[list[UUID], int]:
        import msgspec

        page = await self.page(seq, 500, first=False)
        changes = msgspec.json.decode(page.body)["changes"]
        return [UUID(change["id"]) for change in changes], page.next_seq


async def publish(bench: Bench, material_id: UUID, version: int, reason: str | None = None) -> None:
    if reason is None:
        await bench.add_version(material_id, version)
    async with bench.work() as work:
        work.feed_entries.add([bench.entry(material_id, version, reason)])
        await work.commit(WRITE)


async def digest_of(bench: Bench, *, fresh: bool = False) -> Digest:
    reader = DigestReader(bench.pool) if fresh else bench.digests
    return await reader.get_digest(await bench.head(), None)
