"""The tables of docs/clients.md: each is what the test beside it has just seen."""

from collections.abc import Mapping

import pytest

from tests.clients.cast import ROOT, Answer

__all__ = ["check_table", "rendered", "said"]

PAGE = ROOT / "docs" / "clients.md"

Table = Mapping[str, Mapping[str, str]]


def said(answer: Answer, text: str) -> str:
    """A cell: the error, or else whether all the text that was sent is there."""
    return answer.error or ("whole" if answer.text == text else "loses text")


def rendered(title: str, table: Table) -> str:
    """A Markdown table: a row for each key, with the columns of the first."""
    columns = list(next(iter(table.values())))
    rows = [[title, *columns], ["---"] * (len(columns) + 1)]
    rows += [[row, *cells.values()] for row, cells in table.items()]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def check_table(config: pytest.Config, name: str, made: str) -> None:
    """The page has the table under its name; `--update-goldens` puts it there."""
    page = PAGE.read_text("utf-8")
    begin, end = f"<!-- {name}: written by `pytest --update-goldens` -->\n", "<!-- end -->"
    before, _, rest = page.partition(begin)
    written, _, after = rest.partition(end)
    if config.getoption("--update-goldens"):
        PAGE.write_text(before + begin + made + end + after, "utf-8")
        return
    assert written == made
