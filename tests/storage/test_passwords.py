"""Passwords are compared in the same time whether there is an account or not."""

import asyncio

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import VerifyMismatchError

from adapters.passwords import _UNKNOWN_HASH, Argon2Passwords


def test_an_account_without_a_password_costs_the_same_and_never_matches() -> None:
    async def work() -> tuple[str, bool, bool, bool]:
        kept = await Argon2Passwords().hash("đúng")
        return (
            kept,
            await Argon2Passwords().matches(kept, "đúng"),
            await Argon2Passwords().matches(kept, "sai"),
            await Argon2Passwords().matches(None, "đúng"),
        )

    kept, right, wrong, nobody = asyncio.run(work())
    assert (right, wrong, nobody) == (True, False, False)
    assert extract_parameters(_UNKNOWN_HASH) == extract_parameters(kept)
    with pytest.raises(VerifyMismatchError):  # it is read and computed, not refused at a glance
        PasswordHasher().verify(_UNKNOWN_HASH, "đúng")
