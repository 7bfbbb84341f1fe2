"""The formula auditor over a plant, a plan, a kanban instance or a table of loops."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jitopt.errors import InputError
from jitopt.planning.analysis import analyse, unit_cost
from jitopt.planning.plant import Plant
from jitopt.planning.steps.decisions import Decisions, supplier_loops
from jitopt.planning.steps.kanban import internal_rows, kanban_instance, loop_of
from jitopt.problems.base import exact
from jitopt.problems.figures import rounded
from jitopt.problems.kanban.formulas.auditor import FormulaAudit, audit_loops
from jitopt.problems.kanban.formulas.count import WORDS, number, target
from jitopt.problems.kanban.formulas.figures import figures_of_instance, figures_of_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jitopt.planning.analysis import Analysis

__all__ = ["assumed_decisions", "audit_formulas", "audit_summary", "write_audit"]

Row = dict[str, Any]

SHOWN = 20
"""Loops listed in the summary."""


def audit_formulas(
    subject: Any,
    *,
    safety: float = 0.0,
    service: float | None = None,
    formulas: Sequence[str] | None = None,
    rank: str = "cards",
    skip_bad: bool = False,
) -> FormulaAudit:
    """Hold the card formulas in use against each other, loop by loop, and say why they disagree.

    Parameters
    ----------
    subject
        A plant (`Plant`, `Reading`, or the path of a folder, .xlsx or .json), a `PlantPlan`, a kanban instance with
        loops (or its path), or a table of loops: a data frame or a mapping of columns
        (`jitopt.problems.kanban.formulas.figures.AuditTable`).
    safety
        The house's safety share, for loops that tell none.
    service
        The house's service target, for loops that tell none; None: none.
    formulas
        Names in `jitopt.problems.kanban.formulas.loops.VARIANTS`; None: all.
    rank
        The loops are ranked by "cards" between lowest and highest, "share" of the lowest, or "value" of the spread.
    skip_bad
        Leave out rows of a plant that are wrong.

    Returns
    -------
    FormulaAudit
        Loops ranked; for each the cards and terms of every formula that applies, and the reason. A plant that is not
        planned yet has no award: each part is then taken from the supplier with the lowest price, at the frequency
        of its menu that comes nearest to once a day, and the notes say so.

    Raises
    ------
    InputError
        For input that is wrong.
    """
    from jitopt.planning.chain import PlantPlan
    from jitopt.problems.kanban import Kanban

    house = (float(number("safety", safety)), target(service))
    found, notes = _read(subject, skip_bad)
    if isinstance(found, Kanban):
        return audit_loops(
            found.name, figures_of_instance(found, house), formulas=formulas, rank=rank,
            notes=(*notes, *_menus(found)),
        )  # fmt: skip
    if isinstance(found, PlantPlan):
        plant, analysis, decisions = found.plant, found.analysis, found.decisions
        if not decisions.frequencies:
            raise InputError("the plan has no deliveries", value=found.status, remedy="audit the plant itself")
    elif isinstance(found, Plant):
        plant, analysis = found, analyse(found)
        decisions = assumed_decisions(plant, analysis)
        notes = (*notes, ASSUMED)
    else:
        return audit_loops("loops", figures_of_table(found, house), formulas=formulas, rank=rank)
    instance = kanban_instance(plant, analysis, decisions)
    if instance is None:
        raise InputError("the plant has no loops of cards", source=plant.name, remedy="add rows to the table loops")
    more = _of_plant(plant, analysis, decisions)
    loops = figures_of_instance(instance, house, more)
    notes = (*notes, *_menus(instance), *_overloaded(analysis))
    return audit_loops(plant.name, loops, formulas=formulas, rank=rank, notes=notes)


ASSUMED = (
    "suppliers and deliveries are not decided: each part is taken from the supplier with the lowest price, at the "
    "frequency nearest to once a day"
)


def _menus(instance: Any) -> tuple[str, ...]:
    several = sum(1 for rows in instance.rows_of.values() if len(rows) > 1)
    return (f"loops with a choice of containers, of which the first is taken: {several}",) if several else ()


def _overloaded(analysis: Analysis) -> tuple[str, ...]:
    return tuple(
        f"line {load.line} has no EPEI: its work leaves no minutes to set up "
        f"({rounded(load.work, 6)} of {rounded(load.minutes, 6)} a day)"
        for load in analysis.lines.values()
        if load.changeovers and load.epei is None
    )


def _read(subject: Any, skip_bad: bool) -> tuple[Any, tuple[str, ...]]:
    """Return a plant, plan or instance, or a table as it is, with what reading told."""
    from jitopt.planning.reading import Reading, read_plant

    if isinstance(subject, str) or hasattr(subject, "__fspath__"):
        path = Path(subject)
        if path.suffix.lower() == ".json" and _problem(path) == "kanban":
            from jitopt.formats import read

            return read(path), ()
        subject = read_plant(path, skip_bad=skip_bad)
    if isinstance(subject, Reading):
        return subject.plant, tuple(f"left out: {finding.text}" for finding in subject.left_out)
    if isinstance(subject, Mapping) and "suppliers" in subject:
        from jitopt.planning.reading import plant_of

        return plant_of(subject, "plant", skip_bad=skip_bad).plant, ()
    return subject, ()


def _problem(path: Path) -> object:
    """Return the word "problem" of a JSON file; None where it cannot be told."""
    from jitopt.formats.strict_json import loads
    from jitopt.formats.text import read_text

    found = loads(read_text(str(path)).text, str(path))
    return found.get("problem") if isinstance(found, dict) else None


def assumed_decisions(plant: Plant, analysis: Analysis) -> Decisions:
    """Return awards and frequencies of a plant that is not planned: lowest price, nearest to once a day."""
    cheapest: dict[str, Row] = {}
    for row in plant.quote.values():
        best = cheapest.setdefault(row["part"], row)
        if row["price"] < best["price"]:
            cheapest[row["part"]] = row
    awards = {(row["supplier"], part): Fraction(1) for part, row in cheapest.items() if analysis.need(part)}
    return Decisions(awards=awards, frequencies={supplier: _daily(plant, supplier) for supplier in plant.supplier})


def _daily(plant: Plant, supplier: str) -> str:
    def far(name: str) -> tuple[Fraction, Fraction]:
        row = plant.frequency[name]
        interval = Fraction(row["days"], row["deliveries"])
        return max(interval, 1 / interval), interval

    return min(plant.menu(supplier) or list(plant.frequency), key=far)


def _of_plant(plant: Plant, analysis: Analysis, decisions: Decisions) -> dict[str, Row]:
    """Return what a plant knows of its loops beyond the kanban instance: value, EPEI, the supplier's own lead time."""
    lines = analysis.lines
    found: dict[str, Row] = {}
    for row in internal_rows(plant, analysis):
        line = lines.get(row["process"])
        epei = line.epei if line is not None and line.changeovers else None
        found[row["loop"]] = {"epei": epei, "value": unit_cost(plant, row["part"])}
    for entry in supplier_loops(plant, analysis, decisions):
        if entry.loop is not None:
            told = plant.supplier[entry.supplier]["lead_time"]
            found[loop_of(entry)] = {"lead_time": exact(told), "cycle": True, "value": unit_cost(plant, entry.part)}
    return found


def audit_summary(audit: FormulaAudit) -> str:
    """Return an audit as a page of Markdown: the formulas, the reasons, the loops that disagree most."""
    from jitopt.planning.summary import plain
    from jitopt.problems.kanban.formulas.loops import VARIANTS

    lines = [f"# Card formulas: {plain(audit.subject)}", ""]
    lines += [f"* {plain(note)}" for note in audit.notes] + ([""] if audit.notes else [])
    lines += ["| formula | | loops | cards |", "|---|---|---|---|"]
    lines += [
        f"| `{name}` {VARIANTS[name].title} | {VARIANTS[name].formula} | {loops} | {cards} |"
        for name, (cards, loops) in audit.totals().items()
    ]
    lines += ["", "| what explains most | | loops |", "|---|---|---|"]
    lines += [f"| {term} | {WORDS.get(term, 'all formulas agree')} | {n} |" for term, n in audit.reasons().items()]
    lines += ["", "| loop | part | lowest | highest | spread | share | why |", "|---|---|---|---|---|---|---|"]
    for row in audit.loops[:SHOWN]:
        low, high = (f"{name} {row.counts[name].cards}" for name in (row.low, row.high))
        share = f"{rounded(100 * row.share, 2)} %"
        names = f"{plain(row.figures.loop)} | {plain(row.figures.part)}"
        lines.append(f"| {names} | {low} | {high} | {row.spread} | {share} | {row.why()} |")
    if len(audit.loops) > SHOWN:
        lines += ["", f"and {len(audit.loops) - SHOWN} more, in formulas.csv"]
    return "\n".join(lines) + "\n"


def write_audit(audit: FormulaAudit, folder: str) -> tuple[str, ...]:
    """Write formulas.md, formulas.csv, formula_reasons.csv, formula_terms.csv into a folder; return their names.

    Raises
    ------
    InputError
        If the folder cannot be made.
    """
    from jitopt.formats.csv_text import guarded_csv
    from jitopt.planning.writing import write_tables

    texts = {
        "formulas.md": audit_summary(audit),
        "formulas.csv": guarded_csv(audit.to_rows()),
        "formula_reasons.csv": guarded_csv(audit.reason_rows()),
        "formula_terms.csv": guarded_csv(audit.term_rows()),
    }
    return tuple(write_tables(texts, folder))
