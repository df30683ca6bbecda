"""What content must satisfy: to be stored at all, and to be reviewed."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from domain.content.content import OWN_FIELD, Content
from domain.content.material import Material
from domain.errors import FieldError, InvalidContent, NotReady
from domain.media.asset import Asset, gate


def check_ready(material: Material, assets: Mapping[UUID, Asset]) -> None:
    """Raise NotReady with every reason why a draft cannot be reviewed yet."""
    content, errors = material.content, []
    main = next((a for a in material.attachments if a.role == "main"), None)
    own = OWN_FIELD.get(content.kind)
    if not content.body.strip() and main is None and not (own and getattr(content, own)):
        errors.append(FieldError(pointer="/body", code="body_or_main_asset_required"))
    if own and not getattr(content, own):
        errors.append(FieldError(pointer=f"/{own}", code="required"))
    if content.kind in ("audio", "video", "poster", "infographic") and main is None:
        errors.append(FieldError(pointer="/assets", code="main_asset_required"))
    errors += [
        FieldError(pointer=f"/{name}", code="required")
        for name in ("topics", "audiences")
        if not getattr(content, name)
    ]
    if content.rights is None:
        errors.append(FieldError(pointer="/rights", code="required"))
    errors += [
        FieldError(pointer=f"/assets/{a.asset_id}", code=reason)
        for a in material.attachments
        if (reason := gate(assets[a.asset_id]))
    ]
    if errors:
        raise NotReady(errors=errors)


def check_content(content: Content, codes: Mapping[str, Sequence[str]]) -> None:
    """Raise InvalidContent for codes the programme does not know, fields of other kinds, and impossible times."""
    errors = [
        FieldError(pointer=f"/{name}/{i}", code="unknown_code", facts={"value": code}, allowed=tuple(codes[name]))
        for name in ("topics", "audiences")
        for i, code in enumerate(getattr(content, name))
        if code not in codes[name]
    ]
    own = OWN_FIELD.get(content.kind)
    errors += [
        FieldError(pointer=f"/{name}", code="not_of_this_kind", facts={"kind": content.kind})
        for name in OWN_FIELD.values()
        if name != own and getattr(content, name)
    ]
    errors += [
        FieldError(pointer=f"/quiz/{i}/answer", code="no_such_choice", facts={"choices": len(item.choices)})
        for i, item in enumerate(content.quiz)
        if item.answer >= len(item.choices)
    ]
    errors += [
        FieldError(pointer=f"/{name}", code="time_zone_required")
        for name in ("available_from", "expires_at")
        if (at := getattr(content, name)) is not None and at.tzinfo is None
    ]
    start, end = content.available_from, content.expires_at
    if not errors and start and end and end <= start:
        errors.append(FieldError(pointer="/expires_at", code="before_available_from"))
    if errors:
        raise InvalidContent(errors=errors)
