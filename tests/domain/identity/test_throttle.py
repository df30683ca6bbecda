"""Waiting after failures: successes neither renew nor lengthen it."""

from datetime import UTC, datetime, timedelta

from domain.identity.throttle import FREE_FAILURES_BY_ADDRESS, Throttle

NOW = datetime(2026, 11, 26, 8, tzinfo=UTC)


def test_waits_double_up_to_a_quarter_of_an_hour() -> None:
    waits = [Throttle(failures, NOW).wait_seconds(NOW, 5) for failures in (4, 5, 6, 7, 40)]
    assert waits == [0, 15, 30, 60, 900]


def test_a_success_at_a_shared_address_keeps_nobody_waiting() -> None:
    stored = Throttle(FREE_FAILURES_BY_ADDRESS, NOW)
    later = NOW + timedelta(minutes=10)
    assert stored.wait_seconds(later, FREE_FAILURES_BY_ADDRESS) == 0
    after = stored.after_failure(later).without_one()
    assert after.failures == FREE_FAILURES_BY_ADDRESS
    assert after.wait_seconds(later, FREE_FAILURES_BY_ADDRESS) == 0
    assert after.after_failure(later).wait_seconds(later, FREE_FAILURES_BY_ADDRESS) > 0
