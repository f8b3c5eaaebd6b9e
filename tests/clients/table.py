"""The tables of docs/clients.md: each is what the test beside it has just seen."""

from collections.abc import Mapping

import pytest

from tests.clients.cast import ROOT, Answer

__all__ = ["rendered", "said", "written"]

PAGE = ROOT / "docs" / "clients.md"

Table = Mapping[str, Mapping[str, str]]


def said(answer: Answer, text: str) -> str:
    """A cell: the error, or else whether all the text that was sent is there, and nothing else."""
    if answer.error or answer.text == text:
        return answer.error or "whole"
    return "loses text" if len(answer.text) < len(text) else "changes text"


def rendered(title: str, table: Table) -> str:
    """A Markdown table: a row for each key, with the columns of the first."""
    columns = list(next(iter(table.values())))
    rows = [[title, *columns], ["---"] * (len(columns) + 1)]
    rows += [[row, *cells.values()] for row, cells in table.items()]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def written(config: pytest.Config, name: str, made: str) -> str:
    """What the page has under the name; `--update-goldens` first puts there what was made."""
    page = PAGE.read_text("utf-8")
    begin, end = f"<!-- {name}: written by `pytest --update-goldens` -->\n", "<!-- end -->"
    before, _, rest = page.partition(begin)
    found, _, after = rest.partition(end)
    if not config.getoption("--update-goldens"):
        return found
    PAGE.write_text(before + begin + made + end + after, "utf-8")
    return made
