"""Members: people with an account in one organization."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from domain.errors import FieldError, InvalidContent
from domain.noun import Noun

Role = Literal["coordinator", "editor", "approver", "outlet_manager", "triager", "collaborator", "auditor"]
MAX_NAME = 100


class Member(Noun, frozen=True, kw_only=True):
    """A person with an account in one organization. `left_at`: erased at the person's own wish."""

    id: UUID
    login: Annotated[str, Meta(pattern=r"\A[a-z0-9][a-z0-9._-]{1,62}\Z")]
    name: str
    organization_id: UUID
    roles: tuple[Role, ...]
    active: bool = True
    email: str | None = None
    revision: int = 1
    left_at: datetime | None = None

    @property
    def key(self) -> str:
        """The stable name that history and audit rows carry."""
        return f"member:{self.id}"


def check_person_name(name: str) -> str:
    """Give the name without white space around it, or raise InvalidContent."""
    text = name.strip()
    if not 1 <= len(text) <= MAX_NAME or not text.isprintable():
        raise InvalidContent(errors=[FieldError(pointer="/name", code="out_of_bounds")])
    return text
