"""Checks of the line form: columns that fit the stations, numbers that can be met, a sample that can be run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jitopt.errors import InputError
from jitopt.problems.figures import amount
from jitopt.problems.kanban.line import MOST_STATIONS, MOST_WORK
from jitopt.problems.variates import LARGEST_CV

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jitopt.problems.kanban.instance import Kanban
    from jitopt.problems.kanban.line import Line

__all__ = ["validate_line"]

MOST_CV = 10.0
"""Times more variable than this need samples that nobody can run."""


def validate_line(instance: Kanban) -> None:
    """Refuse a line that does not fit together.

    Raises
    ------
    InputError
        For a mixture with other forms, columns of a wrong length, an objective without what it needs,
        orders above capacity, or a sample too large to run.
    """
    line = instance.line
    assert line is not None
    for name in (*instance.TABLES, "current"):
        if getattr(instance, name) is not None:
            raise _refused("a line stands alone, without options or loops", f"/{name}", None, f"remove {name}")
    _columns(line)
    _spreads(line)
    _breakdowns(line)
    _numbers(line)
    _asked(instance, line)
    _sample(line)


def _refused(rule: str, place: str, value: object, remedy: str) -> InputError:
    return InputError(rule, place=place, value=value, remedy=remedy)


def _columns(line: Line) -> None:
    if (line.rate is None) == (line.time is None):
        raise _refused("a line has either rates or times", "/line/rate", None, 'write "rate": [1, 1, 1]')
    count = line.stations
    if not 2 <= count <= MOST_STATIONS:
        raise _refused(f"a line has 2 to {MOST_STATIONS} stations", "/line", count, "add or remove stations")
    for name in ("station", "distribution", "cv", "mtbf", "mttr"):
        column = getattr(line, name)
        if column is not None and len(column) != count:
            raise _refused(
                f"{name} has one entry for each of {count} stations", f"/line/{name}", len(column), "correct it"
            )
    if len(set(line.names)) < count:
        twice = next(row for row, name in enumerate(line.names) if name in line.names[:row])
        raise _refused(
            "each station may appear only once", f"/line/station/{twice}", line.names[twice], "rename one of the two"
        )
    what = {"after_service": "pair of neighbouring stations", "conwip": "line"}.get(line.blocking, "station")
    for name in ("cost", "minimum", "maximum"):
        column = getattr(line, name)
        if column is not None and len(column) != line.decided:
            rule = f'with blocking "{line.blocking}", {name} has one entry for each {what}: {line.decided}'
            raise _refused(rule, f"/line/{name}", len(column), "correct it")


def _spreads(line: Line) -> None:
    """Refuse spreads that a kind of distribution cannot have."""
    laws = [(f"/line/cv/{row}", law) for row, law in enumerate(line.service)]
    if line.between is not None:
        laws.append(("/line/demand/cv", line.between))
    for place, law in laws:
        most = LARGEST_CV.get(law.kind, MOST_CV)
        if law.cv > most and law.kind not in ("deterministic", "exponential"):
            rule = f"the cv of a {law.kind} distribution may be at most {most:.4g}"
            raise _refused(rule, place, law.cv, "lower it, or take another distribution")


def _breakdowns(line: Line) -> None:
    """Refuse breakdowns without repair, and repairs without breakdown."""
    absent = (None,) * line.stations
    for row, (between, repair) in enumerate(zip(line.mtbf or absent, line.mttr or absent, strict=True)):
        if (between is None) != (repair is None):
            missing = "mtbf" if between is None else "mttr"
            rule = "breakdowns have both, a mean time between them (mtbf) and a mean time of repair (mttr)"
            raise _refused(rule, f"/line/{missing}/{row}", None, f"add {missing}, or remove the other")


def _numbers(line: Line) -> None:
    """Refuse numbers of places or cards that contradict each other."""
    for name, other in (("total_buffer", "total_cards"), ("total_cards", "total_buffer")):
        if getattr(line, name) is not None and (name == "total_buffer") != (line.word == "place"):
            rule = f'{name} has no meaning with blocking "{line.blocking}"'
            raise _refused(rule, f"/line/{name}", getattr(line, name), f"write {other}")
    least = 0 if line.blocking in ("after_service", "base_stock") else 1
    for row, low in enumerate(line.lows):
        if low < least:
            raise _refused("every stage needs at least one card", f"/line/minimum/{row}", low, "write 1 or more")
        if line.maximum is not None and line.maximum[row] < low:
            rule = f"the maximum is below the minimum of {low}"
            raise _refused(rule, f"/line/maximum/{row}", line.maximum[row], "raise it or lower the minimum")
    if line.total is not None and sum(line.lows) > line.total:
        place = "/line/total_buffer" if line.word == "place" else "/line/total_cards"
        raise _refused(f"the minima need {sum(line.lows)} in all", place, line.total, "raise it or lower a minimum")


def _asked(instance: Kanban, line: Line) -> None:
    """Refuse an objective that lacks what it needs."""
    target = line.target
    if line.blocking == "after_service" and line.demand is not None:
        raise _refused(
            "orders are met from stock, which buffers between stations are not",
            "/line/demand",
            None,
            'take blocking "kanban", or remove the demand',
        )
    if line.blocking == "base_stock" and line.demand is None:
        raise _refused("a base stock is called for by orders", "/line", None, "add a demand")
    if instance.objective == "throughput":
        _throughput(line)
        return
    if target is None or (target.fill_rate is None) == (target.throughput is None):
        rule = "the least cost of a line needs one target, a fill_rate or a throughput"
        raise _refused(rule, "/line/target", None, 'write {"throughput": 0.6}, or take the objective "throughput"')
    if (target.fill_rate is None) == (line.demand is not None):
        rule = "a fill rate is that of orders, a throughput that of a line that always has work"
        raise _refused(rule, "/line/target", None, "add or remove the demand")
    if line.load >= 1 and line.demand is not None:
        rule = f"orders come faster than the slowest station works, {amount(line.load * 100)} % of its time"
        raise _refused(rule, "/line/demand/rate", line.demand.rate, "lower it, or make the station faster")
    if target.throughput is not None and target.throughput >= 1 / max(line.times):
        rule = f"the slowest station makes {1 / max(line.times):.6g} parts per unit of time"
        raise _refused(rule, "/line/target/throughput", target.throughput, "ask for less")


def _throughput(line: Line) -> None:
    if line.demand is not None:
        rule = "the throughput of a line with orders is that of its orders"
        raise _refused(rule, "/line/demand", None, 'remove it, or take the objective "cost" with a fill_rate')
    if line.target is not None:
        raise _refused("the largest throughput has no target", "/line/target", None, 'remove it, or write "cost"')
    if line.total is None and line.maximum is None:
        word = "total_buffer" if line.word == "place" else "total_cards"
        raise _refused(f"without a limit there is no best number of {line.word}s", "/line", None, f"add {word}")


def _sample(line: Line) -> None:
    size = line.size()
    if size.warm_up and line.demand is None:
        rule = "a saturated line is counted from its first part on"
        raise _refused(rule, "/line/sample/warm_up", size.warm_up, "remove it; name more parts instead")
    work = size.length * size.replications * line.stations
    if work > MOST_WORK:
        rule = f"a sample has at most {MOST_WORK:g} operations (stations x parts x replications), this one {work:g}"
        raise _refused(rule, "/line/sample", _counted(size), "lower parts or replications")


def _counted(size: Sequence[int]) -> dict[str, int]:
    names = ("seed", "replications", "parts", "warm_up")
    return {name: value for name, value in zip(names, size, strict=True) if name != "seed"}
