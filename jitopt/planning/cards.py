"""The cards, to be printed and cut out: one box each, ten to a page of A4."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from jitopt.planning.decided import card_rows

if TYPE_CHECKING:
    from jitopt.planning.chain import PlantPlan

__all__ = ["cards_html"]

STYLE = """
body { font-family: sans-serif; margin: 8mm; }
main { display: grid; grid-template-columns: 1fr 1fr; gap: 3mm; }
article { border: 0.4mm solid black; padding: 3mm; height: 46mm; break-inside: avoid; overflow: hidden; }
h2 { margin: 0 0 2mm; font-size: 16pt; } p { margin: 1mm 0; font-size: 10pt; } b { font-size: 13pt; }
h1 { font-size: 12pt; } .number { float: right; font-size: 11pt; }
@media print { h1 { display: none; } }
"""


def cards_html(plan: PlantPlan) -> str:
    """Return a page with every card of the plan; text of the tables is shown as it is, never as markup."""
    rows = card_rows(plan)
    cards = [_card(row, number) for row in rows for number in range(1, row["cards"] + 1)]
    name = escape(plan.plant.name)
    return (
        f'<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8"><title>Cards of {name}</title>\n'
        f"<style>{STYLE}</style></head>\n<body>\n<h1>{name}: {len(cards)} cards of {len(rows)} loops</h1>\n<main>\n"
        + "\n".join(cards)
        + "\n</main>\n</body>\n</html>\n"
    )


def _card(row: dict[str, Any], number: int) -> str:
    text = {key: escape("" if value is None else _told(value)) for key, value in row.items()}
    lines = [
        f'<article><span class="number">{number} of {text["cards"]}</span><h2>{text["part"]}</h2>',
        f"<p><b>{text['quantity']}</b> in {text['container']}</p>",
        f"<p>from {text['from']} to {text['to']}</p>",
        f"<p>loop {text['loop']}</p>",
    ]
    if text["rack"]:
        lines.append(f"<p>rack {text['rack']}</p>")
    if text["cycle"]:
        lines.append(f"<p>cycle {text['cycle']}</p>")
    return "".join(lines) + "</article>"


def _told(value: Any) -> str:
    return f"{value:.10g}" if isinstance(value, float) else str(value)
