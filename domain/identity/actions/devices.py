"""Devices without a browser: a person approves or denies them by their user code (RFC 8628)."""

from msgspec.structs import replace

from domain.events import Event
from domain.identity.actions.sign_in import ACCOUNT
from domain.identity.client import Client
from domain.identity.login import Login
from domain.identity.oauth_grant import Device, digest_of
from domain.unit_of_work import UnitOfWork


async def find_waiting(work: UnitOfWork, user_code: str) -> tuple[Device, Client] | None:
    """The device that waits under this user code, and its app."""
    async with work:
        device = await work.devices.find_by_user_code(digest_of(user_code))
        if device is None or not device.waits_at(work.clock.now()):
            return None
        client = await work.clients.find(device.client_id)
    return (device, client) if client is not None and client.active else None


async def answer(work: UnitOfWork, user_code: str, login: Login, scope: str, *, approve: bool) -> bool:
    """Approve or deny; False when it no longer waits."""
    async with work:
        device = await work.devices.find_by_user_code(digest_of(user_code))
        if device is None or not device.waits_at(work.clock.now()):
            return False
        changed = replace(device, state="denied")
        if approve:
            changed = replace(
                device, state="approved", scope=scope, member_id=login.member_id, auth_time=login.auth_time
            )
        await work.devices.save(changed)
        activity = "consent.device" if approve else "consent.denied"
        actor, detail = f"member:{login.member_id}", {"scope": scope}
        await work.commit(Event(actor=actor, activity=activity, target=ACCOUNT, detail={**detail}))
    return True
