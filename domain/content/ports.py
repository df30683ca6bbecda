"""Ports of the content capability."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.content.material import HistoryEntry, Material


class Materials(Protocol):
    async def get(self, material_id: UUID, *, lock: bool = False) -> Material: ...
    async def list_due(self, at: datetime, limit: int) -> Sequence[UUID]:
        """Ids of materials that the clock must publish or expire, longest due first."""
        ...

    async def add(self, material: Material) -> None:
        """Raise IdTaken when the id exists."""
        ...

    async def save(self, material: Material) -> Material: ...
    async def add_history(self, material_id: UUID, entry: HistoryEntry) -> None: ...
    async def change_owner(self, leaving_id: UUID, successor_id: UUID) -> None: ...
