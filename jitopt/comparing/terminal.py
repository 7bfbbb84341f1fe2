"""The comparison on a terminal, by rich. Names of users are text there, never markup."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from jitopt.comparing.wording import VIEWS, View, columns_of, shown, visible

if TYPE_CHECKING:
    from jitopt.comparing.study import VariantComparison

__all__ = ["terminal_text"]

TABLES = ("contradictions", "counts", "times", "plans", "pairs", "starts", "left_out")
MOST_ROWS = 60


def terminal_text(study: VariantComparison, width: int = 160, ascii_only: bool = False) -> str:
    """Return notes and tables as text at most `width` columns wide; a long table is cut, with a note."""
    from rich.console import Console

    stream = io.StringIO()
    console = Console(
        file=stream, width=width, color_system=None, force_terminal=False, markup=False, highlight=False, emoji=False,
        legacy_windows=False,
    )  # fmt: skip
    # Nothing may be read before what cannot be true.
    views = [view for view in VIEWS if view.table in TABLES and study.tables[view.table]]
    loud = [view for view in views if view.table == "contradictions"]
    for view in loud:
        _table(console, study, view, ascii_only)
        console.print()
    for note in study.notes:
        console.print(f"note: {visible(note)}")
    for view in views[len(loud) :]:
        _table(console, study, view, ascii_only)
    settings = study.settings
    console.print(
        f"\nshift {settings.shift:g} s, gap tolerance {settings.gap_tolerance:g}, target {settings.target:g}, "
        f"{settings.level:.0%} intervals by bootstrap over instances and seeds ({settings.resamples} resamples, "
        f"seed {settings.seed}). Definitions: docs/compare.md, and the report (-o REPORT.html)."
    )
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines())


def _table(console: Any, study: VariantComparison, view: View, ascii_only: bool) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    columns = study.tables[view.table]
    size = len(next(iter(columns.values())))
    heads = columns_of(view, study)
    rows = [[shown(columns, head, row) for head in heads] for row in range(min(size, MOST_ROWS))]
    table = Table(box=box.ASCII2 if ascii_only else box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for c, head in enumerate(heads):
        number = all(row[c].number for row in rows)
        table.add_column(Text(head.head), justify="right" if number else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell.text) for cell in row))
    loud = "!!! " if view.table == "contradictions" else ""
    console.print(f"\n{loud}{view.title}. {view.lead}\n")
    console.print(table)
    if size > MOST_ROWS:
        console.print(f"... {size - MOST_ROWS} more rows; --csv FOLDER writes them all")
