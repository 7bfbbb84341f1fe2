"""Figures of level schedules as SVG: production against its ideal line, deviations, usage of parts, the box.

Drawn by matplotlib, an optional extra (jitopt[figures]). The same input and versions give the same text. User text is
shown as it is: never as markup, and never as a formula.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jitopt.errors import InputError, JitoptError
from jitopt.problems.heijunka.contributions import read_plan
from jitopt.problems.heijunka.score_lines import part_lines, product_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jitopt.problems.heijunka import Heijunka, HeijunkaPlan
    from jitopt.problems.heijunka.contributions import Reading
    from jitopt.problems.heijunka.score_lines import Line

__all__ = ["KINDS", "draw"]

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Colours that the colour-blind tell apart (Okabe & Ito), without the yellow that is faint on white."""

STYLES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)), (0, (1, 1)))
"""Line styles, so that lines differ without their colours too."""

MOST_POINTS = 400
"""Slots at which a line is drawn at most; of more, every so many."""

FEW = 5
"""Lines that cross each other all the time are so many at most."""

MOST_CELLS = 1200
"""Cells of a box that are drawn with their numbers at most."""

SETTINGS: dict[Any, Any] = {
    "svg.hashsalt": "jitopt",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 9,
    "text.usetex": False,
    "text.parse_math": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "path.simplify": True,
}


@dataclass(frozen=True)
class _Curve:
    """A line of a figure: slots and values, the last point of its ideal line."""

    name: str
    slots: list[int]
    values: list[float]
    total: float


def draw(instance: Heijunka, plan: HeijunkaPlan, kind: str) -> str:
    """Return a figure of a plan as SVG.

    Raises
    ------
    InputError
        For a kind that is none, usage without a bill of material, or a box that is too large to be drawn.
    JitoptError
        If matplotlib is not installed.
    """
    if kind not in KINDS:
        raise InputError("there is no such kind of figure", place="kind", value=kind, remedy=f"use {', '.join(KINDS)}")
    try:
        import matplotlib
        from matplotlib.figure import Figure
    except ImportError:
        raise JitoptError(
            "Figures are drawn by matplotlib, which is not installed. Remedy: pip install 'jitopt[figures]'."
        ) from None
    reading = read_plan(instance, plan)
    with matplotlib.rc_context(), warnings.catch_warnings():
        # A letter that the font for measuring lacks is in that of the reader.
        warnings.simplefilter("ignore")
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(SETTINGS)
        figure = Figure(figsize=(7.2, 3.6), layout="constrained")
        KINDS[kind](figure, reading)
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    return text.getvalue()


# --- lines -----------------------------------------------------------------------------------


def _production(figure: Any, reading: Reading) -> None:
    """Cumulative units of each product, with its ideal line dashed and thin."""
    axes = figure.subplots()
    chosen, left = _most(product_lines(reading), len(COLOURS), reading)
    curves = []
    for line, colour in zip(chosen, COLOURS, strict=False):
        curve = _curve(line, reading, ahead=False)
        curves += axes.plot([0, *curve.slots], [0, *curve.values], drawstyle="steps-post", color=colour, linewidth=1.3)
        axes.plot([0, reading.instance.slots], [0, curve.total], color=colour, linewidth=0.8, linestyle=(0, (4, 2)))
    axes.set_xlabel(_slot_words(reading))
    axes.set_ylabel("units built; ideal line dashed")
    axes.yaxis.get_major_locator().set_params(integer=True)
    _finish(axes, reading, chosen, curves, f"the {len(chosen)} products that stray farthest" if left else "")


def _deviation(figure: Any, reading: Reading) -> None:
    """Cumulative units of each product less its ideal line."""
    _strayed(figure, reading, product_lines(reading), "units ahead of the ideal line", "products")


def _usage(figure: Any, reading: Reading) -> None:
    """Cumulative use of each part less its ideal line."""
    if reading.instance.bill is None:
        raise InputError("parts are used by the bill of material", place="/bill", remedy='add the table "bill"')
    _strayed(figure, reading, part_lines(reading), "use ahead of the ideal line [units]", "parts")


def _strayed(figure: Any, reading: Reading, lines: Sequence[Line], label: str, word: str) -> None:
    axes = figure.subplots()
    chosen, left = _most(lines, FEW, reading)
    axes.axhline(0, color="#666666", linewidth=0.8)
    curves = []
    for line, colour, style in zip(chosen, COLOURS, STYLES, strict=False):
        curve = _curve(line, reading, ahead=True)
        curves += axes.plot(curve.slots, curve.values, color=colour, linestyle=style, linewidth=1.2)
    axes.set_xlabel(_slot_words(reading))
    axes.set_ylabel(label)
    _finish(axes, reading, chosen, curves, f"the {len(chosen)} {word} that stray farthest" if left else "")


def _slot_words(reading: Reading) -> str:
    return "position in the sequence" if reading.instance.box is None else "bucket"


def _most(lines: Sequence[Line], most: int, reading: Reading) -> tuple[list[Line], int]:
    """Return the lines that stray farthest, in their own order, and how many are left out."""
    far = {line.name: max(map(abs, _curve(line, reading, ahead=True).values), default=0.0) for line in lines}
    chosen = set(sorted(far, key=lambda name: -far[name])[:most])
    return [line for line in lines if line.name in chosen], max(0, len(lines) - most)


def _curve(line: Line, reading: Reading, ahead: bool) -> _Curve:
    """Return what is built up to each slot drawn, or how far that is ahead of the ideal."""
    length, slots = len(reading.slots), reading.instance.slots
    every = -(-length // MOST_POINTS) if length else 1
    at, values, level, row = [], [], 0, 0
    for slot in range(1, length + 1):
        while row < len(line.steps) and line.steps[row][0] <= slot:
            level += line.steps[row][1]
            row += 1
        if slot % every == 0 or slot == length:
            at.append(slot)
            values.append((level - (line.total * slot / slots if ahead else 0)) / line.scale)
    return _Curve(line.name, at, values, line.total / line.scale)


def _finish(axes: Any, reading: Reading, chosen: Sequence[Line], curves: list[Any], title: str) -> None:
    axes.set_xlim(0, max(reading.instance.slots, len(reading.slots)))
    # A legend drops names that begin with "_", so they are put in afterwards.
    places = {"loc": "center left", "bbox_to_anchor": (1.0, 0.5)}
    legend = axes.legend(curves, ["x"] * len(chosen), frameon=False, **places)
    for text, line in zip(legend.get_texts(), chosen, strict=False):
        text.set_text(_short(line.name))
    if title:
        axes.set_title(title, fontsize=9)


def _short(name: str, most: int = 24) -> str:
    return name if len(name) <= most else name[: most - 1] + "…"


# --- the box ---------------------------------------------------------------------------------


def _box(figure: Any, reading: Reading) -> None:
    """Rows products, columns buckets (or positions), with the units in each."""
    from matplotlib.patches import Rectangle

    names = reading.instance.products.product
    cells = [(slot, row, units) for slot, built in enumerate(reading.slots, 1) for row, units in built.items()
             if row >= 0]  # fmt: skip
    if len(cells) > MOST_CELLS:
        raise InputError(
            f"a box is drawn with at most {MOST_CELLS} filled cells",
            place="kind",
            value=len(cells),
            remedy='draw "production" or "deviation", or a part of the plan',
        )
    figure.set_size_inches(7.2, min(9.0, 1.0 + 0.24 * len(names)))
    axes = figure.subplots()
    most = max((units for _, _, units in cells), default=1)
    for slot, row, units in cells:
        shade = 0.25 + 0.65 * units / most
        axes.add_patch(Rectangle((slot - 0.5, row - 0.5), 1, 1, facecolor="#0072B2", alpha=shade, edgecolor="white"))
        if reading.instance.box is not None:
            axes.text(slot, row, str(units), ha="center", va="center", color="white" if shade > 0.5 else "black")
    axes.set_xlim(0.5, len(reading.slots) + 0.5)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_yticks(range(len(names)), [_short(name) for name in names])
    pitch = reading.instance.box.pitch if reading.instance.box else None
    axes.set_xlabel(_slot_words(reading) + (f" of {pitch:g} minutes; units in each" if pitch else ""))
    axes.tick_params(length=0)


KINDS = {"production": _production, "deviation": _deviation, "usage": _usage, "box": _box}
"""What draws each kind of figure."""
