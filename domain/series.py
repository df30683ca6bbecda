"""Series that change: cut in two, or moved to another clock time."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
from msgspec.structs import replace

from domain.errors import FieldError, InvalidContent
from domain.occurrences import by_rule, end_of, length_of, occurrence_at, written_until
from domain.recurrence import RuleExpander, read_rule
from domain.timing import Recurrence, Timing, read_wall_time, write_wall_time


def same_day(recurrence_id: str, old: Timing, new: Timing) -> str:
    """The place of an occurrence after the clock time of its series has changed: the same day at the new time."""
    at, before, after = (read_wall_time(each) for each in (recurrence_id, old.start, new.start))
    if old.all_day or new.all_day or at.time() != before.time():
        return recurrence_id
    return write_wall_time(datetime.combine(at.date(), after.time()), all_day=False)


def follow_clock(old: Timing, new: Timing) -> Timing:
    """Let added and excluded starts that were not sent anew follow a new clock time: a day left out stays left out."""
    if old.recurrence is None or new.recurrence is None:
        return new
    lists = {}
    for name in ("added", "excluded"):
        before, after = getattr(old.recurrence, name), getattr(new.recurrence, name)
        lists[name] = tuple(same_day(each, old, new) if each in before else each for each in after)
    return replace(new, recurrence=replace(new.recurrence, **lists))


class Split(msgspec.Struct, frozen=True):
    """A series cut in two; None where nothing is left on that side."""

    before: Timing
    after: Timing


def split(timing: Timing, recurrence_id: str, expand_rule: RuleExpander) -> Split:
    """Cut a series before one of its occurrences: together the halves have exactly its occurrences, each once."""
    recurrence, zone = timing.recurrence, ZoneInfo(timing.zone)
    assert recurrence is not None
    cut, rule = read_wall_time(recurrence_id), read_rule(recurrence.rule, "")
    ruled = list(by_rule(recurrence.rule, zone, read_wall_time(timing.start), cut, expand_rule))
    earlier = [at for at in ruled if at < cut]
    until = end_of(cut.date() - timedelta(days=1), timing, zone)
    ended = replace(rule, count=None)
    left = None if rule.count is None else rule.count - len(earlier)
    before = Recurrence(
        rule=ended.text(until),
        added=tuple(each for each in recurrence.added if read_wall_time(each) < cut),
        excluded=tuple(each for each in recurrence.excluded if read_wall_time(each) < cut),
    )
    after = Recurrence(
        rule=replace(rule, count=left).text(written_until(rule, timing, zone)),
        added=tuple(each for each in recurrence.added if read_wall_time(each) > cut),
        excluded=tuple(each for each in recurrence.excluded if read_wall_time(each) > cut),
    )
    if cut not in ruled:  # the cut is an added start: the rule of the second half begins later
        raise InvalidContent(errors=[FieldError(pointer="/occurrence", code="cannot_split_here")])
    length = length_of(timing, zone)
    second = occurrence_at(replace(timing, recurrence=None), zone, recurrence_id, length, None)
    return Split(
        replace(timing, recurrence=before), replace(timing, start=second.start, end=second.end, recurrence=after)
    )
