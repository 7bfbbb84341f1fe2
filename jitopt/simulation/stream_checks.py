"""What must hold between the tables of a value stream."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from jitopt.errors import InputError
from jitopt.problems.base import Table, exact
from jitopt.problems.variates import Distribution, draw, source
from jitopt.problems.wording import misnamed
from jitopt.simulation.stream_network import column

if TYPE_CHECKING:
    from fractions import Fraction

    from jitopt.simulation.stream import ValueStream

__all__ = ["check_stream"]

REFERENCES = (
    ("stations", "calendar", "shifts", "calendar"),
    ("loops", "supplier", "suppliers", "supplier"),
    ("operations", "loop", "loops", "loop"),
    ("operations", "station", "stations", "station"),
    ("setups", "station", "stations", "station"),
    ("bill", "loop", "loops", "loop"),
    ("bill", "source", "loops", "loop"),
    ("outputs", "loop", "loops", "loop"),
    ("outputs", "output", "loops", "loop"),
    ("demand", "loop", "loops", "loop"),
    ("demand", "calendar", "shifts", "calendar"),
    ("maintenance", "station", "stations", "station"),
    ("conwip", "entry", "loops", "loop"),
    ("conwip", "exit", "loops", "loop"),
    ("planning", "loop", "loops", "loop"),
    ("schedule", "loop", "loops", "loop"),
)
"""Columns that name rows of another table: table, column, table they name, its column."""

TIMES = (
    ("stations", "mtbf", "mtbf"),
    ("stations", "mttr", "mttr"),
    ("loops", "conveyance", "conveyance"),
    ("operations", "", "time"),
    ("operations", "stop", "stop_time"),
    ("demand", "", "interval"),
    ("demand", "quantity", "quantity"),
    ("suppliers", "late", "late_time"),
    ("schedule", "", "interval"),
)
"""Columns with a distribution: table, name before _distribution and _cv, column of the mean."""

LARGEST = 1e15
"""Stock in grains is counted in whole numbers up to here."""


def check_stream(stream: ValueStream) -> None:
    """Refuse tables whose rows do not fit together, with the place, the value, the rule and the remedy."""
    for name in type(stream).model_fields:
        table = getattr(stream, name)
        if isinstance(table, Table):
            table.check(f"/{name}")
    for table_name, name, other, key in REFERENCES:
        _refer(stream, table_name, name, other, key)
    for table_name, before, mean in TIMES:
        _distribute(stream, table_name, before, mean)
    _breakdowns(stream)
    _kinds(stream)
    _no_cycle(stream)
    _moments(stream)
    _shares(stream)
    _cards(stream)
    _controls(stream)


def refuse(rule: str, place: str, value: object, remedy: str) -> InputError:
    """Return the error for a broken rule."""
    return InputError(rule, place=place, value=value, remedy=remedy)


def _refer(stream: ValueStream, table_name: str, name: str, other: str, key: str) -> None:
    """Refuse a name that no row of the other table has."""
    table, named = getattr(stream, table_name), getattr(stream, other)
    if table is None or getattr(table, name) is None:
        return
    known = {value: row for row, value in enumerate(getattr(named, key) if named is not None else ())}
    for row, value in enumerate(getattr(table, name)):
        if value is not None and value not in known:
            raise misnamed(value, name, known, other, f"/{table_name}/{name}/{row}", f"/{other}/{key}")


def _distribute(stream: ValueStream, table_name: str, before: str, mean: str) -> None:
    """Refuse distributions that are not known, or that cannot have such a cv."""
    table = getattr(stream, table_name)
    if table is None:
        return
    prefix = before + "_" if before else ""
    for row, kind in enumerate(column(table, prefix + "distribution", None)):
        if kind is None:
            continue
        cv = column(table, prefix + "cv", 0.0 if kind == "deterministic" else 1.0)[row]
        try:
            draw(Distribution(kind, column(table, mean, 1.0)[row], cv), source(0), 1)
        except InputError as error:
            place = f"/{table_name}/{prefix}{'cv' if 'cv' in error.rule else 'distribution'}/{row}"
            raise refuse(error.rule, place, error.value, error.remedy or "take one of these") from None


def _breakdowns(stream: ValueStream) -> None:
    """Refuse a time between breakdowns without a time of repair, which would stop nothing, and the other way round."""
    stations = stream.stations
    if stations is None:
        return
    pairs = zip(column(stations, "mtbf", None), column(stations, "mttr", None), strict=True)
    for row, (between, repair) in enumerate(pairs):
        if (between is None) != (repair is None):
            lacks, has = ("mtbf", "mttr") if between is None else ("mttr", "mtbf")
            raise refuse(
                "breakdowns have both, a mean time between them (mtbf) and a mean time of repair (mttr)",
                f"/stations/{lacks}/{row}",
                stations.station[row],
                f"add {lacks}, or leave {has} out",
            )


def _kinds(stream: ValueStream) -> None:
    """Refuse loops whose kind does not go with their operations, material and supplier."""
    loops = stream.loops
    worked = set(stream.operations.loop if stream.operations else ())
    fed = set(stream.bill.loop if stream.bill else ())
    given = set(stream.outputs.output if stream.outputs else ())
    suppliers = column(loops, "supplier", None)
    for row, (name, kind) in enumerate(zip(loops.loop, loops.kind, strict=True)):
        place = f"/loops/kind/{row}"
        made = kind in ("production", "signal")
        if made != (name in worked):
            need = "needs operations" if made else "must have no operations"
            raise refuse(
                f"a {kind} loop {need}", place, name, "add or remove its rows in `operations`, or change its kind"
            )
        if kind == "withdrawal" and name not in fed:
            raise refuse("a withdrawal loop needs a source", place, name, "say in `bill` from where it is moved")
        if kind in ("supplier", "co_product") and name in fed:
            raise refuse(
                f"a {kind} loop takes no material", place, name, "remove its rows in `bill`, or change its kind"
            )
        if (kind == "co_product") != (name in given):
            raise refuse(
                "a co_product loop, and no other, is an output",
                place,
                name,
                "match `outputs` and the kinds of the loops",
            )
        if suppliers[row] is not None and kind != "supplier":
            raise refuse(f"a {kind} loop has no supplier", f"/loops/supplier/{row}", suppliers[row], "remove it")


def _no_cycle(stream: ValueStream) -> None:
    """Refuse material that goes into itself."""
    graph: dict[str, set[str]] = {name: set() for name in stream.loops.loop}
    for table, source_column, to in ((stream.bill, "source", "loop"), (stream.outputs, "loop", "output")):
        if table is not None:
            for one, other in zip(getattr(table, source_column), getattr(table, to), strict=True):
                graph[other].add(one)
    try:
        tuple(TopologicalSorter(graph).static_order())
    except CycleError as error:
        circle = " > ".join(str(name) for name in error.args[1])
        raise refuse("no loop may need its own item", "/bill", circle, "remove one of these steps") from None


def _moments(stream: ValueStream) -> None:
    """Refuse shifts that overlap or leave the cycle, and maintenance without a pause."""
    cycle = stream.cycle or stream.day
    shifts = stream.shifts
    if shifts is not None:
        spans = sorted(
            (name, start, end, row)
            for row, (name, start, end) in enumerate(zip(shifts.calendar, shifts.start, shifts.end, strict=True))
        )
        for i, (name, start, end, row) in enumerate(spans):
            if not start < end <= cycle:
                remedy = f"write minutes from the start of the cycle, which has {cycle:g}"
                raise refuse("a shift must end after its start, within the cycle", f"/shifts/end/{row}", end, remedy)
            if i and spans[i - 1][0] == name and spans[i - 1][2] > start:
                raise refuse("shifts of a calendar must not overlap", f"/shifts/start/{row}", start, "start it later")
    if stream.maintenance is not None:
        pairs = zip(stream.maintenance.duration, stream.maintenance.every, strict=True)
        for row, (duration, every) in enumerate(pairs):
            if duration >= every:
                place = f"/maintenance/duration/{row}"
                raise refuse("maintenance must be over before the next begins", place, duration, "shorten it")


def _shares(stream: ValueStream) -> None:
    """Refuse shares at which nothing ever comes through."""
    for table_name, names in (("operations", ("scrap", "rework")), ("loops", ("scrap",))):
        table = getattr(stream, table_name)
        for name in names if table is not None else ():
            for row, value in enumerate(column(table, name, 0.0)):
                if value >= 1:
                    raise refuse("the share must be below 1", f"/{table_name}/{name}/{row}", value, "lower it")


def _cards(stream: ValueStream) -> None:
    """Refuse lots that never fill, and stocks at the start that have no cards."""
    loops = stream.loops
    lots, initial = column(loops, "lot", 1), column(loops, "initial", None)
    for row, cards in enumerate(loops.cards):
        if stream.release == "kanban" and loops.kind[row] != "co_product":
            if lots[row] > max(cards, 1):
                place = f"/loops/lot/{row}"
                raise refuse("a lot needs as many cards", place, lots[row], f"lower it to {cards} or add cards")
            if initial[row] is not None and initial[row] > cards * loops.quantity[row]:
                place = f"/loops/initial/{row}"
                raise refuse("the stock at the start needs cards", place, initial[row], "lower it or add cards")
        if max(cards * loops.quantity[row], initial[row] or 0.0) > LARGEST / 1e6:
            raise refuse(
                "the stock is too large to be counted", f"/loops/quantity/{row}", loops.quantity[row], "lower it"
            )


def _controls(stream: ValueStream) -> None:
    """Refuse ways of release that lack their table, and loops that nothing would hold back."""
    needed = {"conwip": ("conwip",), "hybrid": ("conwip",), "push": ("planning", "schedule")}.get(stream.release, ())
    if needed and all(getattr(stream, name) is None for name in needed):
        words = " or ".join(f"`{name}`" for name in needed)
        raise refuse(f"release {stream.release!r} needs {words}", "/release", stream.release, f"add {words}")
    if not needed:
        return
    from jitopt.simulation.stream_network import Network

    network = Network(stream)
    entries = {entry for entry, *_ in network.spans}
    for row, (entry, leave, _, span) in enumerate(network.spans):
        if entry not in span:
            place = f"/conwip/exit/{row}"
            raise refuse(f"no material goes from {entry!r} to the exit", place, leave, "name a loop downstream of it")
        _card_goes_round(stream, row, entry, leave)
    for name in network.names:
        rivals = [user for user in network.users[name] if user in network.free and user not in entries]
        if len(rivals) > 1:
            remedy = "let `planning` or `schedule` release them, or take another way of release"
            raise refuse("only one loop may draw without authorisation from a supermarket", "/release", name, remedy)


def _card_goes_round(stream: ValueStream, row: int, entry: str, leave: str) -> None:
    """Refuse a CONWIP card that enters with a container of other contents than the one it leaves with.

    An entry takes a card for a container, an exit gives one back for a container: were their contents not
    the same, cards would be made or lost with every turn.
    """
    size = dict(zip(stream.loops.loop, map(exact, stream.loops.quantity), strict=True))
    drawn: dict[str, list[tuple[str, Fraction]]] = {}
    if stream.bill is not None:
        for loop, source, quantity in zip(stream.bill.loop, stream.bill.source, stream.bill.quantity, strict=True):
            drawn.setdefault(loop, []).append((source, exact(quantity)))
    ways = [(leave, size[leave])]
    while ways:
        loop, units = ways.pop()
        if loop == entry and units != size[entry]:
            told = (
                f"its card enters with {float(size[entry]):g} units and leaves with what {float(units):g} are made into"
            )
            raise refuse(
                f"a CONWIP card must enter and leave with the same contents: {told}",
                f"/conwip/exit/{row}", leave, "give entry and exit containers that match",
            )  # fmt: skip
        ways += [(source, units * quantity) for source, quantity in drawn.get(loop, ()) if loop != entry]
