"""The feed never skips and never reorders: two real transactions in every order, and a state machine of many."""

import asyncio
import itertools
from hashlib import sha256
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from harness.installation import Installation
from storage.distribution import digest as reader_digest
from tests.support.feed import WRITE, Bench, body_of, digest_of


class Writer:
    """One transaction, step by step, in a task of its own so that a step may block on the other's lock."""

    def __init__(self, bench: Bench, material_id: UUID) -> None:
        self.bench, self.material_id, self.work = bench, material_id, bench.work()

    async def begin(self) -> None:
        await self.work.__aenter__()
        await (await self.work.connection()).execute("SELECT 1")

    async def place(self) -> None:
        self.work.feed_entries.add([self.bench.entry(self.material_id, 1)])
        await self.work.feed_entries.defer_placing()
        statement, arguments = self.work.sql.take_deferred()
        await (await self.work.connection()).execute(statement, *arguments)

    async def commit(self) -> None:
        await (await self.work.connection()).execute("COMMIT")
        await self.work.__aexit__(None, None, None)


ORDERS = [o for o in set(itertools.permutations("aaabbb")) if o.count("a") == 3]


def test_no_interleaving_of_two_publishers_hides_a_change_from_a_reader(installation: Installation) -> None:
    async def run() -> None:
        bench = Bench(installation)
        await bench.open()
        try:
            for order in sorted(ORDERS):
                await _interleave(bench, order)
        finally:
            await bench.close()

    assert len(ORDERS) == 20
    asyncio.run(run())


async def _interleave(bench: Bench, order: tuple[str, ...]) -> None:
    ids = {name: await bench.material() for name in "ab"}
    for each in ids.values():
        await bench.add_version(each, 1)
    writers = {name: Writer(bench, ids[name]) for name in "ab"}
    steps = {name: iter(("begin", "place", "commit")) for name in "ab"}
    last: dict[str, asyncio.Task[None] | None] = {"a": None, "b": None}
    seen, cursor = set(), (await bench.head()).head

    async def chained(before: asyncio.Task[None] | None, name: str, step: str) -> None:
        if before:
            await before
        await getattr(writers[name], step)()

    for name in order:
        last[name] = asyncio.create_task(chained(last[name], name, next(steps[name])))
        await asyncio.wait([last[name]], timeout=0.02)  # it may have to wait for the other's lock
        found, cursor = await bench.seen_after(cursor)
        seen.update(found)
    await asyncio.gather(*(task for task in last.values() if task))
    found, cursor = await bench.seen_after(cursor)
    seen.update(found)
    assert seen == set(ids.values()), f"a reader lost a change in order {''.join(order)}"


@pytest.mark.alone
def test_after_any_writes_and_reads_every_mirror_equals_the_channel(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader_digest, "BLOCK", 3)
    monkeypatch.setattr(reader_digest, "_MANY", 5)
    loop = asyncio.new_event_loop()
    bench = Bench(installation)
    loop.run_until_complete(bench.open())

    class Machine(RuleBasedStateMachine):
        @initialize()
        def begin(self) -> None:
            self.mirrors: list[tuple[dict[UUID, int], int]] = [({}, 0), ({}, 0)]
            self.versions: dict[UUID, int] = {}

        @rule(count=st.integers(1, 4))
        def publish_in_parallel(self, count: int) -> None:
            async def one() -> None:
                material_id = await bench.material()
                await bench.add_version(material_id, 1)
                await self.write(material_id, 1)

            async def many() -> None:
                await asyncio.gather(*(one() for _ in range(count)))

            loop.run_until_complete(many())

        async def write(self, material_id: UUID, version: int, reason: str | None = None) -> None:
            async with bench.work() as work:
                work.feed_entries.add([bench.entry(material_id, version, reason)])
                await work.commit(WRITE)
            self.versions[material_id] = version

        @rule(pick=st.integers(0, 10**6))
        def correct(self, pick: int) -> None:
            if self.versions:
                material_id = sorted(self.versions)[pick % len(self.versions)]
                version = self.versions[material_id] + 1
                loop.run_until_complete(bench.add_version(material_id, version))
                loop.run_until_complete(self.write(material_id, version))

        @rule(pick=st.integers(0, 10**6), reason=st.sampled_from(["killed", "out_of_scope", "expired"]))
        def take_away(self, pick: int, reason: str) -> None:
            if self.versions:
                material_id = sorted(self.versions)[pick % len(self.versions)]
                loop.run_until_complete(self.write(material_id, self.versions[material_id], reason))

        @rule()
        def digest(self) -> None:
            """What was kept of the digest before is as good as reading everything."""
            assert loop.run_until_complete(digest_of(bench)) == loop.run_until_complete(digest_of(bench, fresh=True))

        @rule(which=st.integers(0, 1), limit=st.integers(1, 7))
        def read_some(self, which: int, limit: int) -> None:
            self.mirrors[which] = loop.run_until_complete(self.page(*self.mirrors[which], limit))

        async def page(self, held: dict[UUID, int], seq: int, limit: int) -> tuple[dict[UUID, int], int]:
            import msgspec

            page = await bench.page(seq, limit, first=seq == 0)
            for change in msgspec.json.decode(page.body)["changes"]:
                if change["op"] == "upsert":
                    held[UUID(change["id"])] = change["version"]
                else:
                    held.pop(UUID(change["id"]), None)
            return held, page.next_seq

        def teardown(self) -> None:
            for mirror, start in self.mirrors:
                held, seq = mirror, start
                while True:
                    held, after = loop.run_until_complete(self.page(held, seq, 500))
                    if after == seq:
                        break
                    seq = after
                digest = loop.run_until_complete(digest_of(bench))
                lines = (f"{k} {v} {sha256(body_of(v)).hexdigest()}\n" for k, v in held.items())
                assert digest["sha256"] == sha256("".join(sorted(lines)).encode()).hexdigest()

        @invariant()
        def heads_only_grow(self) -> None:
            head = loop.run_until_complete(bench.head()).head
            assert head >= getattr(self, "head", 0)
            self.head = head

    Machine.TestCase.settings = settings(
        max_examples=12,
        stateful_step_count=15,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    try:
        Machine.TestCase().runTest()
    finally:
        loop.run_until_complete(bench.close())
        loop.close()
