"""Rendered calendars, kept until something in them has changed."""

import asyncio
from collections import OrderedDict
from uuid import UUID

from api.representations.icalendar import Known, render
from storage.coordination.calendar import CalendarReader, SubscribedFeed

MAX_RENDERED_BYTES = 32 * 1024 * 1024
MAX_ENTRY_BYTES = 16 * 1024 * 1024
"""How many bytes of entries are kept; most have about 400."""


class RenderedCalendars:
    """Rendered bytes by feed, valid for as long as the stamp of what they were rendered from is the same."""

    def __init__(self, bound_bytes: int = MAX_RENDERED_BYTES) -> None:
        self.bound_bytes = bound_bytes
        self.size_bytes = 0
        self._rendered: OrderedDict[UUID, tuple[str, bytes]] = OrderedDict()
        self._entries: Known = {}

    async def get(self, calendar: CalendarReader, subscribed: SubscribedFeed) -> tuple[str, bytes]:
        """Give stamp and bytes of a feed. Rendering takes a thread: other requests go on meanwhile."""
        stamp, feed = await calendar.get_stamp(subscribed), subscribed.feed
        known = self._rendered.get(feed.id)
        if known is not None and known[0] == stamp:
            self._rendered.move_to_end(feed.id)
            return known
        found = await calendar.get_content(subscribed)
        body = await asyncio.to_thread(
            render,
            found.name,
            found.activities,
            found.bookings,
            found.assignments,
            alarm_minutes=feed.request.alarm_minutes,
            known=self._entries,
        )
        if sum(len(each.body) for each in self._entries.values()) > MAX_ENTRY_BYTES:
            self._entries = {}
        self._keep(feed.id, stamp, body)
        return stamp, body

    def _keep(self, feed_id: UUID, stamp: str, body: bytes) -> None:
        before = self._rendered.pop(feed_id, None)
        self.size_bytes += len(body) - (len(before[1]) if before else 0)
        self._rendered[feed_id] = (stamp, body)
        while self.size_bytes > self.bound_bytes and len(self._rendered) > 1:
            _, (_, oldest) = self._rendered.popitem(last=False)
            self.size_bytes -= len(oldest)
