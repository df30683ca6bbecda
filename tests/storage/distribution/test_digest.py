"""The digest reads a bounded part of a channel for a request, and keeps what it read."""

import asyncio

import pytest

from domain.errors import DigestUnderWay
from harness.installation import Installation
from storage.distribution import digest as reader_digest
from tests.support.feed import Bench, digest_of, publish


def test_no_request_reads_more_than_its_part_of_a_channel_and_the_next_goes_on(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader_digest, "BLOCK", 3)
    asyncio.run(_read_in_parts(Bench(installation), monkeypatch))


async def _read_in_parts(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    async def more(count: int) -> None:
        for _ in range(count):
            await publish(bench, await bench.material(), 1)

    await bench.open()
    try:
        await more(15)
        monkeypatch.setattr(reader_digest, "BLOCKS_PER_REQUEST", 2)
        for counted in (6, 12):
            with pytest.raises(DigestUnderWay) as refusal:
                await digest_of(bench)
            assert refusal.value.facts["counted"] == counted
        await more(1)  # the channel moves on meanwhile: what was read still holds
        assert (await digest_of(bench))["count"] == 16
        await more(1)
        monkeypatch.setattr(reader_digest, "BLOCKS_PER_REQUEST", 1)
        found = await digest_of(bench)  # one block, however long the channel is
        monkeypatch.setattr(reader_digest, "BLOCKS_PER_REQUEST", 100)
        assert found == await digest_of(bench, fresh=True)
    finally:
        await bench.close()


def test_whichever_material_changes_the_digest_is_that_of_a_first_reading(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader_digest, "BLOCK", 3)

    async def change_each(bench: Bench) -> None:
        await bench.open()
        try:
            materials = [await bench.material() for _ in range(7)]
            assert (await digest_of(bench))["count"] == 0
            for version, reason in ((1, None), (2, None), (2, "killed"), (3, None)):
                for material_id in materials:
                    await publish(bench, material_id, version, reason)
                    assert await digest_of(bench) == await digest_of(bench, fresh=True)
        finally:
            await bench.close()

    asyncio.run(change_each(Bench(installation)))
