"""Lists of organizations: what cannot be read is refused, what is written can be read again."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidContent
from domain.identity.directory import COLUMNS, OrganizationRow, check_tree, import_report, read_csv, write_csv

HEADER = ",".join(COLUMNS)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    for table in (text, f"{HEADER}\n{text}", f"{HEADER}\r\na1,school,{text}"):
        with suppress(InvalidContent):
            read_csv(table)


def test_a_control_character_a_quote_that_never_ends_and_too_many_cells_are_refused() -> None:
    for cells in ("a1,school,X\x00Y", 'a1,school,"X', "a1,school,X,,,,,,,z", "a1,school,X\x07"):
        table = f"{HEADER}\n{cells}"
        with pytest.raises(InvalidContent):
            read_csv(table)


@given(
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=20).filter(
            str.strip
        )
    )
)
def test_what_is_written_is_read_again(names: list[str]) -> None:
    rows = [OrganizationRow(code=f"x{number}", kind="school", name=f"T{name}") for number, name in enumerate(names)]
    try:
        again = read_csv(write_csv(rows))
    except InvalidContent:
        return  # a character that no text of ours may hold
    assert [row.code for row in again] == [row.code for row in rows]
    assert import_report(again, again).changed == {}


def test_a_cycle_is_an_error_at_its_row() -> None:
    rows = [
        OrganizationRow(code="a1", kind="school", name="A", parent="b1"),
        OrganizationRow(code="b1", kind="school", name="B", parent="a1"),
    ]
    with pytest.raises(InvalidContent) as refused:
        check_tree(rows, [])
    assert {error.pointer for error in refused.value.errors} == {"/0/parent", "/1/parent"}
