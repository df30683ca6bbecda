"""Credentials: how one member proves to be that person."""

from uuid import UUID

from domain.noun import Noun


class Credential(Noun, frozen=True, kw_only=True):
    """Password hash (Argon2id), encrypted TOTP seed with the last used step, hashes of unused recovery codes.

    `provider_subject` is the linked account at the OpenID provider. Revision 0: nothing is stored yet.
    """

    member_id: UUID
    password_hash: str | None = None
    totp_secret: bytes | None = None
    totp_step: int = 0
    recovery_hashes: tuple[bytes, ...] = ()
    provider_subject: str | None = None
    revision: int = 0

    @property
    def has_second_factor(self) -> bool:
        return self.totp_secret is not None
