"""Time-based one-time passwords (RFC 6238), with pyotp."""

import secrets
from datetime import datetime

import pyotp

STEP_SECONDS = 30


class TotpCodes:
    """Implements `domain.identity.ports.OneTimeCodes`."""

    def new_seed(self) -> str:
        return pyotp.random_base32()

    def provisioning_uri(self, seed: str, login: str) -> str:
        """The otpauth:// address that an authenticator app reads from a QR code."""
        return str(pyotp.TOTP(seed).provisioning_uri(name=login, issuer_name="Lan Tỏa"))

    def matching_step(self, seed: str, code: str, at: datetime, *, after: int) -> int | None:
        totp, present = pyotp.TOTP(seed), int(at.timestamp()) // STEP_SECONDS
        digits = code.replace(" ", "")
        for step in (present - 1, present, present + 1):
            if step > after and digits.isascii() and secrets.compare_digest(totp.at(step * STEP_SECONDS), digits):
                return step
        return None
