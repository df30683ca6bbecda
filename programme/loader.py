"""Loads the programme: the decree's lists and organizations, six channels, and the starter materials.

Idempotent: what is there is left alone. Materials go through the same verbs as everybody's, with three people.
"""

import tomllib
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy.dialects.postgresql import insert as upsert

from adapters.clock import SystemClock, SystemIds
from adapters.markup import SafeMarkup
from domain.actor import Actor
from domain.content.actions import materials
from domain.content.content import Content
from domain.distribution.actions import channels, publications
from domain.distribution.actions.publications import Press
from domain.distribution.channel import Rule
from domain.errors import NotFound
from domain.identity.organization import Member, Organization
from domain.media.actions import uploads
from domain.media.asset import Attachment
from domain.permissions import scopes_of
from domain.ports import Event
from domain.text import normalise
from runtime.settings import Settings
from storage.identity.signing_keys import load_keys
from storage.objects.store import ObjectStore
from storage.postgres.connections import make_engine
from storage.postgres.tables import vocabulary
from storage.postgres.unit_of_work import Work

HERE = Path(__file__).parent
LOADER = Event(actor="client:operator", verb="programme.load", thing="programme")
Step = Callable[[int, int], None]


class Loader:
    """One run; `new` counts what was added."""

    def __init__(self, settings: Settings) -> None:
        self.engine = make_engine(settings.database_url, size=4)
        self.settings = settings
        self.objects = ObjectStore(settings)
        self.clock, self.ids = SystemClock(), SystemIds()
        self.new = {"organizations": 0, "channels": 0, "members": 0, "materials": 0}
        self._organizations: dict[str, Organization] = {}

    def work(self) -> Work:
        return Work(self.engine, self.clock, self.ids)

    async def lists(self, programme: dict[str, Any]) -> None:
        """Topics, audiences and languages: the codes that content may use."""
        rows = [("topics", each["code"], each["title_vi"]) for each in programme["topics"]]
        rows += [(name, code, title) for name in ("audiences", "languages") for code, title in programme[name].items()]
        rows += [("tasks", str(each["number"]), each["title_vi"]) for each in programme["tasks"]]
        values = [
            {"list": name, "code": code, "title": title, "place": place}
            for place, (name, code, title) in enumerate(rows)
        ]
        async with self.work() as work:
            await work.sql.run(upsert(vocabulary).values(values).on_conflict_do_nothing())
            await work.commit(LOADER)

    async def organizations(self, programme: dict[str, Any]) -> None:
        """The decree's organizations; ten districts, each with its committee and its radio station."""
        root = await self._organization("stttt", "coordinator", programme["organizations"][0]["name_vi"], None, ())
        for each in programme["organizations"]:
            duties = tuple(each.get("duties_vi", ()))
            await self._organization(each["code"], each["kind"], each["name_vi"], root.id, duties)
        for each in programme["districts"]:
            committee = await self._organization(
                each["code"],
                "district",
                f"Ủy ban nhân dân {each['name_vi'][0].lower()}{each['name_vi'][1:]}",
                root.id,
                (),
            )
            name = f"Đài Truyền thanh - Truyền hình {each['name_vi'].split(' ', 2)[-1]}"
            await self._organization(f"dai{each['code']}", "radio_station", name, committee.id, ())

    async def _organization(
        self, code: str, kind: str, name: str, parent: UUID | None, duties: tuple[str, ...]
    ) -> Organization:
        async with self.work() as work:
            try:
                found = await work.organizations.by_code(code)
            except NotFound:
                found = msgspec.convert(
                    {
                        "id": self.ids.new(),
                        "code": code,
                        "kind": kind,
                        "name": name,
                        "parent_id": None if kind == "coordinator" else parent,
                        "duties": duties,
                        "active_from": self.clock.now(),
                    },
                    Organization,
                )
                await work.organizations.add(found)
                await work.commit(LOADER)
                self.new["organizations"] += 1
        self._organizations[code] = found
        return found

    async def members(self, programme: dict[str, Any]) -> None:
        for each in programme["members"]:
            async with self.work() as work:
                try:
                    await work.organizations.member(each["login"])
                except NotFound:
                    member = Member(
                        id=self.ids.new(),
                        login=each["login"],
                        name=each["name"],
                        organization_id=self._organizations[each["organization"]].id,
                        roles=tuple(each["roles"]),
                    )
                    await work.organizations.add_member(member)
                    await work.commit(LOADER)
                    self.new["members"] += 1

    async def actor(self, login: str) -> Actor:
        async with self.work() as work:
            member = await work.organizations.member(login)
            organization = await work.organizations.get(member.organization_id)
        return Actor(
            client_id="programme",
            organization_id=member.organization_id,
            scopes=scopes_of(member.roles),
            roles=frozenset(member.roles),
            member_id=member.id,
            central=organization.kind == "coordinator",
        )

    async def channels(self, programme: dict[str, Any], coordinator: Actor) -> None:
        """Six channels with their rules, granted by kind of organization."""
        for each in programme["channels"]:
            rule = Rule(kinds=tuple(each.get("kinds", ())), audiences=tuple(each.get("audiences", ())))
            try:
                async with self.work() as work:
                    await work.channels.get(each["slug"])
                continue
            except NotFound:
                pass
            public = each.get("public", False)
            words = {"slug": each["slug"], "title": each["title"], "description": each["description"]}
            await channels.create(self.work(), coordinator, **words, rule=rule, public=public)
            for organization in self._organizations.values():
                if organization.kind in each.get("grants", ()):
                    await channels.grant(self.work(), coordinator, each["slug"], organization.id)
            self.new["channels"] += 1

    async def material(self, file: Path, press: Press, approver: Actor, coordinator: Actor) -> None:
        """Write, attach, ask for review, approve and publish one material, if it is not there."""
        raw: dict[str, Any] = normalise(tomllib.loads(file.read_text(encoding="utf-8")))  # type: ignore[assignment]
        material_id, owner, files = UUID(raw.pop("id")), raw.pop("owner"), raw.pop("assets", [])
        editor = await self.actor(f"bientap.{owner}")
        content = msgspec.convert(raw, Content)
        material, _ = await self._draft(editor, content, material_id)
        if material.live_version is not None or material.state not in ("draft", "in_review", "approved"):
            return
        for each in files if material.state == "draft" else ():
            asset_id = await self._asset(editor, HERE / each["file"])
            attachment = Attachment(asset_id=asset_id, role=each["role"], alt=each.get("alt", ""))
            material = await materials.attach(self.work(), editor, material_id, attachment, material.revision)
        if material.state == "draft":
            material = await materials.move(
                self.work(), editor, material_id, "request_review", revision=material.revision
            )
        if material.state == "in_review":
            material = await materials.move(self.work(), approver, material_id, "approve", revision=material.revision)
        await publications.publish(self.work(), press, coordinator, material_id, "publish", revision=material.revision)
        self.new["materials"] += 1

    async def _draft(self, editor: Actor, content: Content, material_id: UUID) -> tuple[Any, bool]:
        async with self.work() as work:
            try:
                return await work.materials.get(material_id), False
            except NotFound:
                pass
        return await materials.create_with_id(self.work(), editor, content, material_id)

    async def _asset(self, editor: Actor, file: Path) -> UUID:
        data = file.read_bytes()

        async def chunks() -> Any:
            yield data

        upload = await uploads.start(
            self.work(),
            editor,
            length=len(data),
            filename=file.name,
            declared_sha256=sha256(data).hexdigest(),
        )
        upload = await uploads.append(self.work(), self.objects, editor, upload.id, 0, chunks())
        return (await uploads.finish(self.work(), self.objects, upload)).id


async def load_programme(settings: Settings, step: Step) -> dict[str, int]:
    """Load everything; `step(done, total)` is told after each material. Gives how many of each were new."""
    programme = tomllib.loads((HERE / "programme.toml").read_text(encoding="utf-8"))
    loader = Loader(settings)
    try:
        await loader.objects.ensure_bucket()
        keys = await load_keys(loader.engine, settings.secret_key, loader.clock)
        await loader.lists(programme)
        await loader.organizations(programme)
        await loader.members(programme)
        approver, coordinator = await loader.actor("duyet.stttt"), await loader.actor("dieuphoi.stttt")
        await loader.channels(programme, coordinator)
        files = sorted((HERE / "materials").glob("*.toml"))
        for done, file in enumerate(files, 1):
            await loader.material(file, Press(SafeMarkup(), keys), approver, coordinator)
            step(done, len(files))
    finally:
        await loader.engine.dispose()
    return loader.new
