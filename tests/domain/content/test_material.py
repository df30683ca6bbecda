"""The life of a material, walked at random: no action sequence breaks a rule."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.content.content import Content
from domain.content.material import TRANSITIONS, Material, advance, check_revision, possible_actions
from domain.content.validation import check_content
from domain.errors import Embargoed, FourEyes, InvalidContent, NoteRequired, Refusal, StaleVersion, WrongState

NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)
ID = UUID("0198c1a0-0000-7000-8000-000000000001")


def draft(**content: object) -> Material:
    return Material(
        id=ID,
        owner_id=ID,
        state="draft",
        revision=1,
        content=Content(kind="article", title="Mã OTP", **content),  # type: ignore[arg-type]
        edited_by="an",
        created_at=NOW,
        updated_at=NOW,
    )


steps = st.lists(
    st.tuples(
        st.sampled_from(sorted(TRANSITIONS.keys() - {"schedule"})),
        st.sampled_from(["an", "bình"]),
        st.sampled_from(["", "lý do"]),
    )
)


@given(steps)
def test_whatever_is_tried_the_rules_hold(tried: list[tuple[str, str, str]]) -> None:
    material = draft()
    for action, by, note in tried:
        before = material
        try:
            material = advance(material, action, by=by, at=NOW, note=note)  # type: ignore[arg-type]
        except WrongState:
            assert action not in possible_actions(before)
            continue
        except (FourEyes, NoteRequired):
            assert action in possible_actions(before)
            continue
        assert action in TRANSITIONS
        assert before.state in TRANSITIONS[action].origin  # type: ignore[index]
        if action == "approve":
            assert by != before.edited_by
        if TRANSITIONS[action].note:  # type: ignore[index]
            assert note
        if material.live_version is not None:
            assert material.first_published_at == NOW
            assert material.live_version <= material.version
        if material.state in ("killed", "withdrawn", "expired"):
            assert material.live_version is None


def test_a_killed_material_stays_killed() -> None:
    material = draft()
    for action, by in [("request_review", "an"), ("approve", "bình"), ("publish", "an"), ("kill", "an")]:
        material = advance(material, action, by=by, at=NOW, note="sai")  # type: ignore[arg-type]
    assert possible_actions(material) == []


def test_an_embargo_and_an_end_in_the_past_are_refused() -> None:
    later = draft(available_from=NOW + timedelta(hours=1))
    past = draft(expires_at=NOW - timedelta(seconds=1))
    for at_first, refusal in ((later, Embargoed), (past, InvalidContent)):
        material = at_first
        for action, by in [("request_review", "an"), ("approve", "bình")]:
            material = advance(material, action, by=by, at=NOW)  # type: ignore[arg-type]
        with pytest.raises(refusal):
            advance(material, "publish", by="bình", at=NOW)


def test_a_save_on_an_old_revision_is_stale() -> None:
    check_revision(draft(), 1)
    with pytest.raises(StaleVersion):
        check_revision(draft(), 2)


def test_every_error_of_a_content_is_listed_at_once() -> None:
    content = Content(
        kind="article",
        title="x",
        topics=("otp", "nope"),
        audiences=("martians",),
        available_from=NOW.replace(tzinfo=None),
    )
    with pytest.raises(Refusal) as refused:
        check_content(content, {"topics": ["otp"], "audiences": []})
    assert {(f.pointer, f.code) for f in refused.value.errors} == {
        ("/topics/1", "unknown_code"),
        ("/audiences/0", "unknown_code"),
        ("/available_from", "time_zone_required"),
    }
