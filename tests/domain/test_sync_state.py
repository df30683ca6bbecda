"""The state of a mirror: what was noted is there after any kill, whatever the last line looks like."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lantoa_sync.errors import Damaged, Stop
from lantoa_sync.state import Held, Journal, State, Step, read_state
from lantoa_sync.tree import Tree

STEPS = st.lists(
    st.tuples(
        st.dictionaries(st.sampled_from("abcdef"), st.builds(Held, st.integers(1, 9), st.just("00")), max_size=3),
        st.sets(st.sampled_from("xyz")),
    ),
    max_size=12,
)


@given(STEPS, st.integers(0, 60), st.sets(st.integers(0, 11)))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_noted_steps_survive_a_torn_line_and_snapshots(
    tmp_path_factory: pytest.TempPathFactory, steps: list, torn: int, snapshots: set[int]
) -> None:
    folder: Path = tmp_path_factory.mktemp("state")
    journal, live, removed = Journal(folder, 0), {}, []
    journal.snapshot(State(server="s", channel="k", cursor=None, live={}, removed=[]))
    for number, (new, gone) in enumerate(steps):
        live |= new
        removed += sorted(gone)
        journal.note(Step(str(number), new, sorted(gone)))
        if number in snapshots:
            journal.snapshot(State(server="s", channel="k", cursor=str(number), live=live, removed=removed))
    state = read_state(folder)
    assert state is not None
    assert (state.live, state.removed) == (live, removed)
    file = folder / f"journal-{state.journal}.jsonl"
    with file.open("ab") as sink:  # a kill within the next line
        sink.write(b'{"cursor": "late", "live": {"a": {"version": 1, "sha256": "00000000"}}, "gone": []}'[:torn])
    again = read_state(folder)
    assert again is not None
    assert (again.live, again.cursor) == (live, state.cursor)
    late = {"n": Held(1, "01", {"media/n": "02"})}
    Journal(folder, state.journal).note(Step("end", late, []))
    last = read_state(folder)
    assert last is not None
    assert (last.cursor, last.live) == ("end", live | late)


def test_a_state_of_the_version_before_is_read(tmp_path: Path) -> None:
    held = '{"a": {"version": 2, "sha256": "00", "files": {}}}'
    reported = f'{{"cursor": "c", "live": {held}, "removed": [], "server": "s", "channel": "k"}}'
    (tmp_path / "state.json").write_text(reported)
    state = read_state(tmp_path)
    assert state is not None
    assert (state.cursor, state.journal, state.live) == ("c", 0, {"a": Held(2, "00")})


@pytest.mark.parametrize(
    "damage", [b"", b"{", b'{"server": 1}', b"\0" * 9, b'{"cursor":"\xff"}', b'{"x":' + b"[" * 9999]
)
def test_a_damaged_line_is_distinguished_from_a_torn_last_line(tmp_path: Path, damage: bytes) -> None:
    Tree(tmp_path, "s", "k").save()
    journal = tmp_path / ".lantoa-sync" / "journal-1.jsonl"
    journal.write_bytes(damage)
    Tree(tmp_path, "s", "k")  # what was not written to its end is not there
    journal.write_bytes(damage + b"\n")
    with pytest.raises(Damaged):
        Tree(tmp_path, "s", "k")
    journal.unlink()
    (tmp_path / ".lantoa-sync" / "state.json").write_bytes(damage)
    with pytest.raises(Damaged):
        Tree(tmp_path, "s", "k")


@given(st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_flipped_bit_never_ends_in_a_traceback(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    root = tmp_path_factory.mktemp("mirror")
    tree = Tree(root, "máy chủ", "k")
    tree.live["a"] = Held(1, "00", {"media/đ": "02"})
    tree.save()
    del tree
    file = root / ".lantoa-sync" / "state.json"
    whole = bytearray(file.read_bytes())
    whole[data.draw(st.integers(0, len(whole) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    file.write_bytes(whole)
    with suppress(Stop):  # anything else ends in a traceback
        Tree(root, "máy chủ", "k")
    assert file.read_bytes() == whole  # and what could be mended by hand is left for that


def test_a_lost_state_is_not_continued_by_its_old_journal(tmp_path: Path) -> None:
    tree = Tree(tmp_path, "s", "k")
    tree.save()
    (tmp_path / ".lantoa-sync" / "journal-1.jsonl").write_text('{"cursor":"old","live":{},"gone":[]}\n')
    (tmp_path / ".lantoa-sync" / "state.json").unlink()
    del tree
    Tree(tmp_path, "s", "k").save()
    assert Tree(tmp_path, "s", "k").cursor is None


def test_what_stands_there_from_a_lost_state_is_taken_away_and_known_as_removed(tmp_path: Path) -> None:
    for how in (Tree.settle_in, Tree.forget):
        tree = Tree(tmp_path / how.__name__, "s", "k")
        old = tree.root / "materials" / "018f4d3a-0000-7000-8000-000000000001.json"
        old.write_bytes(b"{}")
        how(tree)
        assert (old.exists(), tree.removed) == (False, [old.stem])
