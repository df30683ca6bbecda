"""Signing keys: made on first start, rotated by the operator."""

from datetime import timedelta

from domain.actor import Actor
from domain.events import Event
from domain.identity.ports import KeyFactory
from domain.identity.signing_key import KEY_NOTICE, KeyPurpose, SigningKey
from domain.permissions import require
from domain.unit_of_work import UnitOfWork

PURPOSES: tuple[KeyPurpose, ...] = ("token", "document")


async def ensure(work: UnitOfWork, factory: KeyFactory) -> list[SigningKey]:
    """Make the first key of each purpose where there is none; gives all keys. Of several processes one makes it."""
    async with work:
        present = {key.purpose for key in await work.signing_keys.list() if key.retired_at is None}
        missing = [purpose for purpose in PURPOSES if purpose not in present]
        for purpose in missing:
            await _add(work, factory, "system", "keys.create", purpose, timedelta(0))
        keys = list(await work.signing_keys.list())
        if missing:
            await work.commit()
    return keys


async def rotate(work: UnitOfWork, factory: KeyFactory, actor: Actor, purpose: KeyPurpose) -> SigningKey:
    """Make a new key that signs from KEY_NOTICE on, when the present one retires."""
    require(actor, "client.manage")
    async with work:
        await work.signing_keys.list()
        await work.signing_keys.retire(purpose, work.clock.now() + KEY_NOTICE)
        key = await _add(work, factory, actor.key, "keys.rotate", purpose, KEY_NOTICE)
        await work.commit()
    return key


async def _add(
    work: UnitOfWork, factory: KeyFactory, by: str, activity: str, purpose: KeyPurpose, notice: timedelta
) -> SigningKey:
    key = factory.generate(purpose, work.clock.now() + notice)
    await work.signing_keys.add(key)
    work.record(Event(actor=by, activity=activity, target=f"key:{key.kid}"))
    return key
