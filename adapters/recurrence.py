"""Expansion of recurrence rules by dateutil."""

from collections.abc import Iterator
from datetime import datetime

from dateutil.rrule import rrulestr


def expand_rule(rule: str, start: datetime) -> Iterator[datetime]:
    """Implements `domain.recurrence.RuleExpander`."""
    return iter(rrulestr(rule, dtstart=start))
