"""The cards, to be printed and cut out: one box each, eight to ten to a page of A4."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from jitopt.planning.decided import card_rows
from jitopt.problems.figures import counted

if TYPE_CHECKING:
    from jitopt.planning.chain import PlantPlan

__all__ = ["cards_html"]

STYLE = """
body { font-family: sans-serif; margin: 8mm; }
main { display: grid; grid-template-columns: 1fr 1fr; gap: 3mm; }
article { border: 0.4mm solid black; padding: 3mm; min-height: 52mm; break-inside: avoid; overflow-wrap: anywhere; }
h1 { font-size: 12pt; } h2 { margin: 0 0 2mm; font-size: 15pt; }
p { float: right; margin: 0 0 0 3mm; font-size: 11pt; }
dl { display: grid; grid-template-columns: auto 1fr; gap: 0.5mm 3mm; margin: 0; font-size: 9.5pt; }
dt { color: #444; } dd { margin: 0; } .quantity { font-weight: bold; font-size: 12pt; }
@media print { h1 { display: none; } body { margin: 0; } }
"""

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""What the page may load: nothing."""

FIELDS = (
    ("quantity", "quantity"),
    ("container", "container"),
    ("from", "from"),
    ("to", "to"),
    ("rack", "rack"),
    ("lead time", "lead_time"),
    ("cycle", "cycle"),
    ("released", "released"),
    ("loop", "loop"),
)
"""What a card tells, as it is called there, and the column it comes from."""


def cards_html(plan: PlantPlan) -> str:
    """Return a page with every card of the plan; text of the tables is shown as it is, never as markup."""
    rows = card_rows(plan)
    cards = [_card(row, number) for row in rows for number in range(1, row["cards"] + 1)]
    name = escape(plan.plant.name)
    told = f"{counted(len(cards), 'card')} of {counted(len(rows), 'loop')}"
    return (
        '<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f'<link rel="icon" href="data:,"><title>Cards of {name}</title>\n'
        f"<style>{STYLE}</style></head>\n<body>\n<h1>{name}: {told}</h1>\n<main>\n"
        + "\n".join(cards)
        + "\n</main>\n</body>\n</html>\n"
    )


def _card(row: dict[str, Any], number: int) -> str:
    """Return one card; fields that are not told in the tables are left out."""
    told = {name: "" if value is None else _told(value) for name, value in row.items()}
    told["lead_time"] = counted(row["lead_time"], "day") if row["lead_time"] else ""
    fields = "".join(
        f'<dt>{label}</dt><dd class="{name}">{escape(told[name])}</dd>' for label, name in FIELDS if told[name]
    )
    return (
        f'<article><p class="number">card {number} of {row["cards"]}</p>'
        f'<h2 class="part">{escape(told["part"])}</h2><dl>{fields}</dl></article>'
    )


def _told(value: Any) -> str:
    return f"{value:.10g}" if isinstance(value, float) else str(value)
