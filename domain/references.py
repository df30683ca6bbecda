"""Checks that codes and ids in plans refer to something."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from domain.actor import Actor
from domain.errors import FieldError, InvalidContent
from domain.permissions import sees
from domain.unit_of_work import UnitOfWork


def check_codes(known: Mapping[str, Sequence[str]], **lists: Sequence[str]) -> None:
    """Raise InvalidContent naming every code that its vocabulary does not have."""
    errors = [
        FieldError(pointer=f"/{name}/{number}", code="unknown_code", facts={"value": code})
        for name, codes in lists.items()
        for number, code in enumerate(codes)
        if code not in known[name]
    ]
    if errors:
        raise InvalidContent(errors=errors)


async def check_assets(work: UnitOfWork, actor: Actor, named: Mapping[str, UUID | None]) -> None:
    """Raise InvalidContent naming every file (pointer → asset) that does not exist for the actor."""
    known = await work.assets.list([each for each in named.values() if each is not None])
    errors = [
        FieldError(pointer=pointer, code="unknown_reference")
        for pointer, each in named.items()
        if each is not None and (each not in known or not sees(actor, known[each].owner_id))
    ]
    if errors:
        raise InvalidContent(errors=errors)


async def check_organizations(work: UnitOfWork, lists: Mapping[str, Collection[UUID]]) -> None:
    """Raise InvalidContent naming every organization that does not exist.

    `lists`: pointer → ids; a pointer in the plural is that of a list.
    """
    wanted = {each for ids in lists.values() for each in ids}
    if not wanted:
        return
    known = {each.id for each in await work.organizations.list()}
    errors = [
        FieldError(pointer=f"{pointer}/{number}" if pointer.endswith("s") else pointer, code="unknown_reference")
        for pointer, ids in lists.items()
        for number, each in enumerate(ids)
        if each not in known
    ]
    if errors:
        raise InvalidContent(errors=errors)
