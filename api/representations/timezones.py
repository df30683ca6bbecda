"""VTIMEZONE components (RFC 5545 section 3.6.5) made from the IANA database.

The library's own put all onsets of an observance into one RDATE, of which ical.js reads only the first, and give the
onset of daylight time in the offset after it instead of the one before it.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard

_FIRST, _LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2037, 1, 1, tzinfo=UTC)
_DAY, _MINUTE = timedelta(days=1), timedelta(minutes=1)
Observance = tuple[timedelta, timedelta, str, bool]
"""(offset before, offset after, name, whether it is daylight time)"""


def _observance(before: datetime, after: datetime) -> Observance:
    offsets = [each.utcoffset() or timedelta() for each in (before, after)]
    return offsets[0], offsets[1], after.tzname() or "", bool(after.dst())


def _onsets(zone: ZoneInfo) -> Iterator[tuple[datetime, Observance]]:
    """Every change of the offset: its wall time by the offset before, and what it changes to."""
    day = _FIRST
    while day < _LAST:
        if day.astimezone(zone).utcoffset() != (day + _DAY).astimezone(zone).utcoffset():
            at = day
            while at.astimezone(zone).utcoffset() == (at + _MINUTE).astimezone(zone).utcoffset():
                at += _MINUTE
            onset, before = at + _MINUTE, at.astimezone(zone)
            observed = _observance(before, onset.astimezone(zone))
            yield (onset + observed[0]).replace(tzinfo=None), observed
        day += _DAY


@lru_cache(maxsize=64)
def timezone_component(name: str) -> Timezone:
    """The VTIMEZONE of a zone, from 2000 to 2036."""
    zone, component = ZoneInfo(name), Timezone()
    component.add("tzid", name)
    start = _FIRST.astimezone(zone)
    groups: dict[Observance, list[datetime]] = {_observance(start, start): [datetime(2000, 1, 1)]}  # noqa: DTZ001
    for onset, observed in _onsets(zone):
        groups.setdefault(observed, []).append(onset)
    for (before, after, abbreviation, daylight), onsets in groups.items():
        observance = TimezoneDaylight() if daylight else TimezoneStandard()
        observance.add("dtstart", onsets[0])
        for onset in onsets[1:]:
            observance.add("rdate", [onset])
        observance.add("tzname", abbreviation)
        observance.add("tzoffsetfrom", before)
        observance.add("tzoffsetto", after)
        component.add_component(observance)
    return component
