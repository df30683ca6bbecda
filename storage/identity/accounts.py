"""How people sign in: passwords, second factors, browser logins, invitations."""

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import pyotp
from sqlalchemy import Connection, Delete, Update, delete, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.encryption import box, unbox
from adapters.passwords import hash_password
from domain.identity.login import LOGIN_LIFETIME, RECOVERY_CODES, Login
from domain.identity.oauth_grant import Device, digest_of
from domain.identity.organization import Client, Member
from storage.identity.tables import credentials, devices, logins
from storage.identity.throttles import attempt, forget, undo
from storage.postgres.connections import translated
from storage.postgres.rows import to_struct
from storage.postgres.tables import audit, clients, members, sessions

T = TypeVar("T")
TOTP_SECONDS = 30


class Accounts:
    """One instance an API process; every method is one transaction."""

    def __init__(self, engine: AsyncEngine, secret: bytes, now: Callable[[], datetime]) -> None:
        self._engine = engine
        self._secret = secret
        self._now = now

    async def _run(self, work: Callable[[Connection, datetime], T]) -> T:
        with translated():
            async with self._engine.begin() as connection:
                return await connection.run_sync(lambda c: work(c, self._now()))

    async def attempt(self, *keys: tuple[str, int]) -> int:
        """Count a try under these (key, free failures) before it is made; or give the seconds to wait."""
        return await self._run(lambda c, now: attempt(c, keys, now))

    async def failed(self, actor: str) -> None:
        """One audit row; the try itself was counted by `attempt`."""
        await self._run(lambda c, now: _record(c, now, actor, "login.failed", {}))

    async def succeeded(self, own: str, *shared: str) -> None:
        """Forget the failures under `own`; under shared keys (an address) take only this try back."""

        def work(c: Connection, _: datetime) -> None:
            forget(c, own)
            for key in sorted(shared):
                undo(c, key)

        await self._run(work)

    async def by_login(self, login: str) -> tuple[Member, str | None] | None:
        """An active member and the kept password hash."""

        def work(c: Connection, _: datetime) -> tuple[Member, str | None] | None:
            query = select(members, credentials.c.password_hash).join_from(
                members, credentials, credentials.c.member_id == members.c.id, isouter=True
            )
            row = c.execute(query.where(members.c.login == login, members.c.active)).mappings().first()
            return (to_struct(Member, row), row["password_hash"]) if row else None

        return await self._run(work)

    async def by_subject(self, subject: str) -> Member | None:
        """The member linked to a subject of the OpenID provider."""

        def work(c: Connection, _: datetime) -> Member | None:
            query = select(members).join(credentials, credentials.c.member_id == members.c.id)
            found = query.where(credentials.c.provider_subject == subject, members.c.active)
            row = c.execute(found).mappings().first()
            return to_struct(Member, row) if row else None

        return await self._run(work)

    async def open_login(self, member: Member, *, complete: bool, auth_time: datetime | None = None) -> str:
        """Start a browser login; gives the cookie's value."""
        cookie = secrets.token_urlsafe(32)

        def work(c: Connection, now: datetime) -> None:
            c.execute(
                insert(logins).values(
                    hash=digest_of(cookie),
                    member_id=member.id,
                    complete=complete,
                    auth_time=auth_time or now,
                    expires_at=now + (LOGIN_LIFETIME if complete else timedelta(minutes=10)),
                )
            )
            if complete:
                _record(c, now, f"member:{member.id}", "login", {})

        await self._run(work)
        return cookie

    async def login(self, cookie: str | None) -> tuple[Login, Member] | None:
        """Who this browser is."""
        if not cookie:
            return None

        def work(c: Connection, now: datetime) -> tuple[Login, Member] | None:
            row = c.execute(select(logins).where(logins.c.hash == digest_of(cookie))).mappings().first()
            if row is None or row["expires_at"] <= now:
                return None
            member = c.execute(select(members).where(members.c.id == row["member_id"], members.c.active))
            found = member.mappings().first()
            return (to_struct(Login, row), to_struct(Member, found)) if found else None

        return await self._run(work)

    async def close_login(self, cookie: str) -> None:
        await self._run(lambda c, _: c.execute(delete(logins).where(logins.c.hash == digest_of(cookie))) and None)

    async def set_password(self, member: Member, password: str, *, by: str = "") -> None:
        """Store a new password; every session and login of the member ends."""
        kept = await hash_password(password)

        def work(c: Connection, now: datetime) -> None:
            statement = upsert(credentials).values(member_id=member.id, password_hash=kept, totp_step=0)
            changed = {"password_hash": kept}
            c.execute(statement.on_conflict_do_update(index_elements=["member_id"], set_=changed))
            for each in ending(member.id, now):
                c.execute(each)
            _record(c, now, by or f"member:{member.id}", "password.set", {"member": str(member.id)})

        await self._run(work)

    async def has_second_factor(self, member: Member) -> bool:
        query = select(credentials.c.totp_box).where(credentials.c.member_id == member.id)
        return await self._run(lambda c, _: bool(c.execute(query).scalar()))

    async def forget_second_factor(self, member: Member, *, by: str) -> None:
        """The next sign-in sets up a new one."""
        nothing: dict[str, Any] = {"totp_box": None, "totp_step": 0, "recovery_hashes": []}

        def work(c: Connection, now: datetime) -> None:
            c.execute(update(credentials).where(credentials.c.member_id == member.id).values(**nothing))
            _record(c, now, by, "second_factor.forget", {"member": str(member.id)})

        await self._run(work)

    async def enrol(self, member: Member, seed: str, code: str) -> list[str] | None:
        """Store a TOTP seed once its first code is right; gives recovery codes, or None for a wrong code."""
        step = _step_of(seed, code, self._now(), 0)
        if step is None:
            return None
        recovery = [f"{secrets.token_hex(3)}-{secrets.token_hex(3)}" for _ in range(RECOVERY_CODES)]
        values = {
            "totp_box": box(self._secret, f"totp:{member.id}", seed.encode()),
            "totp_step": step,
            "recovery_hashes": [digest_of(each) for each in recovery],
        }

        def work(c: Connection, now: datetime) -> None:
            statement = upsert(credentials).values(member_id=member.id, **values)
            c.execute(statement.on_conflict_do_update(index_elements=["member_id"], set_=values))
            _record(c, now, f"member:{member.id}", "second_factor.set", {})

        await self._run(work)
        return recovery

    async def second_factor(self, member: Member, code: str) -> bool:
        """Check a TOTP or recovery code; each is good once (RFC 6238 section 5.2)."""

        def work(c: Connection, now: datetime) -> bool:
            query = select(credentials).where(credentials.c.member_id == member.id).with_for_update()
            row = c.execute(query).mappings().first()
            if row is None or row["totp_box"] is None:
                return False
            mine = update(credentials).where(credentials.c.member_id == member.id)
            seed = unbox(self._secret, f"totp:{member.id}", row["totp_box"]).decode()
            if (step := _step_of(seed, code, now, row["totp_step"])) is not None:
                c.execute(mine.values(totp_step=step))
                return True
            left = [each for each in row["recovery_hashes"] if each != digest_of(code.strip().lower())]
            if len(left) == len(row["recovery_hashes"]):
                return False
            c.execute(mine.values(recovery_hashes=left))
            _record(c, now, f"member:{member.id}", "recovery_code.used", {"left": len(left)})
            return True

        return await self._run(work)

    async def link(self, member: Member, subject: str) -> None:
        """Tie a member to a subject of the OpenID provider."""

        def work(c: Connection, now: datetime) -> None:
            statement = upsert(credentials).values(member_id=member.id, provider_subject=subject, totp_step=0)
            changed = {"provider_subject": subject}
            c.execute(statement.on_conflict_do_update(index_elements=["member_id"], set_=changed))
            _record(c, now, f"member:{member.id}", "provider.link", {})

        await self._run(work)

    async def device(self, user_code: str) -> tuple[Device, Client] | None:
        """A device that waits under this user code, and its app."""

        def work(c: Connection, now: datetime) -> tuple[Device, Client] | None:
            query = select(devices).where(devices.c.user_code_hash == digest_of(user_code))
            row = c.execute(query).mappings().first()
            if row is None or row["expires_at"] <= now or row["state"] != "pending":
                return None
            client = c.execute(select(clients).where(clients.c.id == row["client_id"], clients.c.active))
            found = client.mappings().first()
            return (to_struct(Device, row), to_struct(Client, found)) if found else None

        return await self._run(work)

    async def answer_device(self, user_code: str, login: Login, scope: str, *, approve: bool) -> bool:
        """Approve or deny; False when it no longer waits."""
        waiting = (devices.c.user_code_hash == digest_of(user_code), devices.c.state == "pending")
        values: dict[str, Any] = {"state": "denied"}
        if approve:
            values = {
                "state": "approved", "scope": scope, "member_id": login.member_id, "auth_time": login.auth_time,
            }  # fmt: skip

        def work(c: Connection, now: datetime) -> bool:
            changed = c.execute(update(devices).where(*waiting, devices.c.expires_at > now).values(**values))
            verb = "consent.device" if approve else "consent.denied"
            _record(c, now, f"member:{login.member_id}", verb, {"scope": scope})
            return changed.rowcount == 1

        return await self._run(work)


def ending(member_id: UUID, now: datetime) -> tuple[Update, Delete]:
    """What puts every app and browser of the member out."""
    still = (sessions.c.member_id == member_id, sessions.c.revoked_at.is_(None))
    return (
        update(sessions).where(*still).values(revoked_at=now),
        delete(logins).where(logins.c.member_id == member_id),
    )


def _record(c: Connection, now: datetime, actor: str, verb: str, detail: dict[str, object]) -> None:
    c.execute(insert(audit).values(at=now, actor=actor, verb=verb, thing="account", detail=detail))


def _step_of(seed: str, code: str, now: datetime, last: int) -> int | None:
    """The 30 s step whose code this is, within one step of now and after the last one used."""
    totp, present = pyotp.TOTP(seed), int(now.timestamp()) // TOTP_SECONDS
    digits = code.replace(" ", "")
    for step in (present - 1, present, present + 1):
        if step > last and digits.isascii() and secrets.compare_digest(totp.at(step * TOTP_SECONDS), digits):
            return step
    return None
