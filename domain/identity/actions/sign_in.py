"""Signing in with a browser: attempts are counted before they are made, failures and completed sign-ins audited."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from msgspec.structs import replace

from domain.errors import NotFound
from domain.events import Event
from domain.identity.credential import Credential
from domain.identity.login import INCOMPLETE_LOGIN_LIFETIME, LOGIN_LIFETIME, RECOVERY_CODES, Login
from domain.identity.member import Member
from domain.identity.oauth_grant import digest_of
from domain.identity.ports import OneTimeCodes, PasswordHasher
from domain.identity.throttle import Limit
from domain.ports import Encryption
from domain.unit_of_work import UnitOfWork

ACCOUNT = "account"
"""The audit target of what concerns the acting person's own account."""


class Authenticator(msgspec.Struct, frozen=True):
    """The tools of signing in."""

    passwords: PasswordHasher
    one_time_codes: OneTimeCodes
    encryption: Encryption


async def attempt(work: UnitOfWork, *limits: Limit) -> int:
    """Count an attempt under every limit before it is made; or give the seconds to wait, counting nothing."""
    async with work:
        now = work.clock.now()
        throttles = await work.throttles.list([limit.key for limit in limits])
        if wait := max(throttles[limit.key].wait_seconds(now, limit.free) for limit in limits):
            return wait
        for key, throttle in throttles.items():
            await work.throttles.save(key, throttle.after_failure(now))
        await work.commit()
    return 0


async def record_failure(work: UnitOfWork, actor: str) -> None:
    """Write the audit row of a failed attempt; `attempt` has counted it."""
    async with work:
        await work.commit(Event(actor=actor, activity="login.failed", target=ACCOUNT))


async def record_success(work: UnitOfWork, own: Limit, *shared: Limit) -> None:
    """Forget the failures under the caller's own key; under shared keys (an address) take back only this attempt."""
    async with work:
        await work.throttles.remove(own.key)
        throttles = await work.throttles.list([limit.key for limit in shared])
        for key, throttle in throttles.items():
            await work.throttles.save(key, throttle.without_one())
        await work.commit()


async def authenticate(
    work: UnitOfWork, passwords: PasswordHasher, login: str, password: str
) -> tuple[Member | None, bool]:
    """Give the active member of that login (or None), and whether the password is right. Takes the same time always."""
    async with work:
        found = await work.members.find_by_login(login)
        member = found if found is not None and found.active else None
        kept = (await work.credentials.get(member.id)).password_hash if member else None
    return member, await passwords.matches(kept, password)


async def find_member_of_provider(work: UnitOfWork, subject: str) -> Member | None:
    """The active member linked to a subject of the OpenID provider."""
    async with work:
        member = await work.members.find_by_provider_subject(subject)
    return member if member is not None and member.active else None


async def open_login(work: UnitOfWork, member: Member, *, complete: bool, auth_time: datetime | None = None) -> str:
    """Start a browser login; gives the cookie's value, which is stored as a hash."""
    cookie = work.ids.secret()
    async with work:
        now = work.clock.now()
        login = Login(
            member_id=member.id,
            complete=complete,
            auth_time=auth_time or now,
            expires_at=now + (LOGIN_LIFETIME if complete else INCOMPLETE_LOGIN_LIFETIME),
        )
        await work.logins.add(digest_of(cookie), login)
        events = [Event(actor=member.key, activity="login", target=ACCOUNT)] if complete else []
        await work.commit(*events)
    return cookie


async def find_login(work: UnitOfWork, cookie: str | None) -> tuple[Login, Member] | None:
    """The login of this browser and its active member."""
    if not cookie:
        return None
    async with work:
        login = await work.logins.find(digest_of(cookie))
        if login is None or login.expires_at <= work.clock.now():
            return None
        try:
            member = await work.members.get(login.member_id)
        except NotFound:
            return None
    return (login, member) if member.active else None


async def close_login(work: UnitOfWork, cookie: str) -> None:
    """End this browser's login. A login that was never completed, between the two factors, leaves no audit row."""
    async with work:
        login = await work.logins.find(digest_of(cookie))
        if login is None:
            return
        await work.logins.remove(digest_of(cookie))
        events = [Event(actor=f"member:{login.member_id}", activity="logout", target=ACCOUNT)] if login.complete else []
        await work.commit(*events)


async def end_sessions(work: UnitOfWork, member_id: UUID) -> None:
    """Sign every app and browser of the member out, within a transaction that runs already."""
    await work.sessions.revoke_of_member(member_id, work.clock.now())
    await work.logins.remove_of_member(member_id)


async def set_password(
    work: UnitOfWork, passwords: PasswordHasher, member: Member, password: str, *, by: str = ""
) -> None:
    """Store a new password; every session and login of the member ends."""
    password_hash = await passwords.hash(password)
    async with work:
        credential = await work.credentials.get(member.id, lock=True)
        await work.credentials.save(replace(credential, password_hash=password_hash))
        await end_sessions(work, member.id)
        detail: dict[str, object] = {"member": str(member.id)}
        await work.commit(Event(actor=by or member.key, activity="password.set", target=ACCOUNT, detail=detail))


async def get_credential(work: UnitOfWork, member: Member) -> Credential:
    async with work:
        return await work.credentials.get(member.id)


async def remove_second_factor(work: UnitOfWork, member: Member, *, by: str) -> None:
    """The next sign-in sets up a new second factor."""
    async with work:
        credential = await work.credentials.get(member.id, lock=True)
        await work.credentials.save(replace(credential, totp_secret=None, totp_step=0, recovery_hashes=()))
        detail: dict[str, object] = {"member": str(member.id)}
        await work.commit(Event(actor=by, activity="second_factor.forget", target=ACCOUNT, detail=detail))


async def enrol_second_factor(
    work: UnitOfWork, tools: Authenticator, member: Member, seed: str, code: str
) -> list[str] | None:
    """Store a TOTP seed once its first code is right; gives recovery codes, or None for a wrong code."""
    step = tools.one_time_codes.matching_step(seed, code, work.clock.now(), after=0)
    if step is None:
        return None
    recovery = [f"{work.ids.hex_secret(3)}-{work.ids.hex_secret(3)}" for _ in range(RECOVERY_CODES)]
    async with work:
        credential = await work.credentials.get(member.id, lock=True)
        changed = replace(
            credential,
            totp_secret=tools.encryption.encrypt(_place(member.id), seed.encode()),
            totp_step=step,
            recovery_hashes=tuple(digest_of(each) for each in recovery),
        )
        await work.credentials.save(changed)
        await work.commit(Event(actor=member.key, activity="second_factor.set", target=ACCOUNT))
    return recovery


def _place(member_id: UUID) -> str:
    return f"totp:{member_id}"


async def verify_second_factor(work: UnitOfWork, tools: Authenticator, member: Member, code: str) -> bool:
    """Check a TOTP or recovery code; each is good once (RFC 6238 section 5.2)."""
    async with work:
        credential = await work.credentials.get(member.id, lock=True)
        if credential.totp_secret is None:
            return False
        seed = tools.encryption.decrypt(_place(member.id), credential.totp_secret).decode()
        now = work.clock.now()
        step = tools.one_time_codes.matching_step(seed, code, now, after=credential.totp_step)
        if step is not None:
            await work.credentials.save(replace(credential, totp_step=step))
            await work.commit()
            return True
        left = _without(credential.recovery_hashes, code)
        if len(left) == len(credential.recovery_hashes):
            return False
        await work.credentials.save(replace(credential, recovery_hashes=left))
        detail: dict[str, object] = {"left": len(left)}
        await work.commit(Event(actor=member.key, activity="recovery_code.used", target=ACCOUNT, detail=detail))
    return True


def _without(hashes: Sequence[bytes], code: str) -> tuple[bytes, ...]:
    used = digest_of(code.strip().lower())
    return tuple(each for each in hashes if each != used)
