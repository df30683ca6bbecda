"""The cursor: opaque to clients, exact to us."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.distribution.change import cursor_at, read_cursor
from domain.errors import CursorExpired, CursorInvalid

CHANNEL, OTHER = UUID("0198c1a0-0000-7000-8000-000000000001"), UUID("0198c1a0-0000-7000-8000-000000000002")


@given(st.integers(0, 2**63 - 1))
def test_a_cursor_is_read_as_it_was_given(seq: int) -> None:
    assert read_cursor(str(cursor_at("abcd1234", CHANNEL, seq)), epoch="abcd1234", channel_id=CHANNEL) == seq


def test_of_another_epoch_or_purged_it_has_expired() -> None:
    cursor = str(cursor_at("abcd1234", CHANNEL, 7))
    for epoch, purged in (("zzzz9999", 0), ("abcd1234", 8)):
        with pytest.raises(CursorExpired):
            read_cursor(cursor, epoch=epoch, channel_id=CHANNEL, purged_seq=purged)


@given(st.text(max_size=40))
def test_nonsense_is_invalid_never_an_error(text: str) -> None:
    with pytest.raises((CursorInvalid, CursorExpired)):
        read_cursor(text, epoch="--------", channel_id=CHANNEL)


def test_of_another_channel_it_is_invalid() -> None:
    with pytest.raises(CursorInvalid):
        read_cursor(str(cursor_at("abcd1234", OTHER, 7)), epoch="abcd1234", channel_id=CHANNEL)
