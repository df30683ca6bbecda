"""Loads the programme: vocabularies, organizations and people of the decree, six channels, the starter materials.

Idempotent: what is there already is left as it is. Materials go through the same actions as everybody's.
"""

import tomllib
from collections.abc import AsyncIterator, Callable
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from domain.actor import OPERATOR, Actor
from domain.content.actions import materials
from domain.content.content import Content
from domain.content.material import Material
from domain.distribution.actions import channels, grants, publications
from domain.distribution.channel import RoutingRule
from domain.errors import NotFound, SlugTaken
from domain.events import Event
from domain.identity.actions import members, organizations
from domain.identity.member import Member
from domain.identity.organization import Organization
from domain.media.actions import uploads
from domain.media.asset import Attachment
from domain.scopes import scopes_of
from domain.text import normalise
from domain.vocabulary import Term
from programme.year import YearLoader, read_year
from runtime.services import Services

HERE = Path(__file__).parent
Step = Callable[[int, int], None]


class Loader:
    """One run; `new` counts what was added."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._work = services.work()
        self.new = {"organizations": 0, "channels": 0, "members": 0, "materials": 0}
        self._organizations: dict[str, Organization] = {}
        self._members: dict[str, Member] = {}

    async def load_vocabularies(self, programme: dict[str, Any]) -> None:
        """Load the codes that content may use, with their titles."""
        english = tomllib.loads((HERE / "titles.en.toml").read_text(encoding="utf-8"))
        titles = [("topics", each["code"], each["title_vi"]) for each in programme["topics"]]
        titles += [(name, code, vi) for name in ("audiences", "languages") for code, vi in programme[name].items()]
        titles += [("tasks", str(each["number"]), each["title_vi"]) for each in programme["tasks"]]
        terms = [
            Term(list=name, code=code, title_vi=vi, title_en=english[name].get(code, ""), place=place)
            for place, (name, code, vi) in enumerate(titles)
        ]
        async with self._work as work:
            if await work.vocabularies.save(terms):
                await work.commit(Event(actor=OPERATOR.key, activity="programme.load", target="vocabularies"))

    async def load_organizations(self, programme: dict[str, Any]) -> None:
        """Load the decree's organizations; ten districts, each with its committee and its radio station."""
        root = await self._organization("stttt", "coordinator", programme["organizations"][0]["name_vi"], None, ())
        for each in programme["organizations"]:
            duties = tuple(each.get("duties_vi", ()))
            await self._organization(each["code"], each["kind"], each["name_vi"], root.id, duties)
        for each in programme["districts"]:
            name = each["name_vi"]
            committee = f"Ủy ban nhân dân {name[0].lower()}{name[1:]}"
            district = await self._organization(each["code"], "district", committee, root.id, ())
            station = f"Đài Truyền thanh - Truyền hình {name.split(' ', 2)[-1]}"
            await self._organization(f"dai{each['code']}", "radio_station", station, district.id, ())

    async def _organization(
        self, code: str, kind: str, name: str, parent: UUID | None, duties: tuple[str, ...]
    ) -> Organization:
        parent_id = None if kind == "coordinator" else parent
        found, new = await organizations.ensure(
            self._work, OPERATOR, code, kind=kind, name=name, parent_id=parent_id, duties=duties
        )
        self.new["organizations"] += new
        self._organizations[code] = found
        return found

    async def load_members(self, programme: dict[str, Any]) -> None:
        for each in programme["members"]:
            organization_id = self._organizations[each["organization"]].id
            roles = tuple(each["roles"])
            member, new = await members.ensure(
                self._work, OPERATOR, each["login"], name=each["name"], organization_id=organization_id, roles=roles
            )
            self.new["members"] += new
            self._members[member.login] = member

    def actor(self, login: str) -> Actor:
        """The actor of a loaded member."""
        member = self._members[login]
        organization = next(o for o in self._organizations.values() if o.id == member.organization_id)
        return Actor(
            client_id="programme",
            organization_id=member.organization_id,
            scopes=scopes_of(member.roles),
            roles=frozenset(member.roles),
            member_id=member.id,
            central=organization.kind == "coordinator",
        )

    async def load_channels(self, programme: dict[str, Any], coordinator: Actor) -> None:
        """Load six channels with their rules, granted by kind of organization."""
        for each in programme["channels"]:
            rule = RoutingRule(kinds=tuple(each.get("kinds", ())), audiences=tuple(each.get("audiences", ())))
            texts = {"slug": each["slug"], "title": each["title"], "description": each["description"]}
            try:
                await channels.create(self._work, coordinator, **texts, rule=rule, public=each.get("public", False))
            except SlugTaken:
                continue
            for organization in self._organizations.values():
                if organization.kind in each.get("grants", ()):
                    await grants.give(self._work, coordinator, each["slug"], organization.id)
            self.new["channels"] += 1

    async def load_material(self, file: Path, approver: Actor, coordinator: Actor) -> None:
        """Write, attach, request review, approve and publish one material, if it is not there."""
        raw: dict[str, Any] = normalise(tomllib.loads(file.read_text(encoding="utf-8")))  # type: ignore[assignment]
        material_id, owner, files = UUID(raw.pop("id")), raw.pop("owner"), raw.pop("assets", [])
        editor = self.actor(f"bientap.{owner}")
        material = await self._draft(editor, msgspec.convert(raw, Content), material_id)
        if material.live_version is not None or material.state not in ("draft", "in_review", "approved"):
            return
        work, publisher = self._work, self._services.publisher
        for each in files if material.state == "draft" else ():
            asset_id = await self._asset(editor, HERE / each["file"])
            attachment = Attachment(asset_id=asset_id, role=each["role"], alt=each.get("alt", ""))
            material = await materials.attach(work, editor, material_id, attachment, material.revision)
        if material.state == "draft":
            revision = material.revision
            material = await materials.move(work, editor, material_id, "request_review", revision=revision)
        if material.state == "in_review":
            material = await materials.move(work, approver, material_id, "approve", revision=material.revision)
        revision = material.revision
        await publications.publish(work, publisher, coordinator, material_id, "publish", revision=revision)
        self.new["materials"] += 1

    async def load_year(self, programme: dict[str, Any], coordinator: Actor) -> dict[str, int]:
        """Load the year's plans; see `programme.year`."""
        materials = {
            file.stem: UUID(tomllib.loads(file.read_text(encoding="utf-8"))["id"])
            for file in (HERE / "materials").glob("*.toml")
        }
        year = YearLoader(self._services, coordinator, self._organizations, programme["districts"], materials)
        return await year.load(read_year())

    async def _draft(self, editor: Actor, content: Content, material_id: UUID) -> Material:
        async with self._work as work:
            try:
                return await work.materials.get(material_id)
            except NotFound:
                pass
        return (await materials.create_with_id(self._work, editor, content, material_id))[0]

    async def _asset(self, editor: Actor, file: Path) -> UUID:
        data = file.read_bytes()

        async def chunks() -> AsyncIterator[bytes]:
            yield data

        work, objects = self._work, self._services.objects
        digest = sha256(data).hexdigest()
        upload = await uploads.start(work, editor, length=len(data), filename=file.name, declared_sha256=digest)
        upload = await uploads.append(work, objects, editor, upload.id, 0, chunks())
        return (await uploads.finish(work, objects, upload)).id


async def load_programme(services: Services, step: Step) -> dict[str, int]:
    """Load everything; `step(done, total)` is called after each material. Gives how many of each were new."""
    programme = tomllib.loads((HERE / "programme.toml").read_text(encoding="utf-8"))
    loader = Loader(services)
    await services.objects.ensure_bucket()
    await services.load_keys()
    await loader.load_vocabularies(programme)
    await loader.load_organizations(programme)
    await loader.load_members(programme)
    approver, coordinator = loader.actor("duyet.stttt"), loader.actor("dieuphoi.stttt")
    await loader.load_channels(programme, coordinator)
    files = sorted((HERE / "materials").glob("*.toml"))
    for done, file in enumerate(files, 1):
        await loader.load_material(file, approver, coordinator)
        step(done, len(files))
    return loader.new | await loader.load_year(programme, coordinator)
