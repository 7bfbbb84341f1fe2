"""The loops of a plan run against the demand and the suppliers of the tables.

Every loop by itself, with what the tables say of chance: how much a day's demand varies, how much
a supplier's lead time, and which share of its deliveries is late; a late one comes with the next.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from jitopt.planning.service import FullRack, Service, WeakLoop
from jitopt.planning.steps.decisions import supplier_loops
from jitopt.planning.steps.kanban import loop_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jitopt.planning.analysis import Analysis
    from jitopt.planning.chain import PlantPlan
    from jitopt.planning.plant import Plant
    from jitopt.planning.steps.decisions import Decisions
    from jitopt.simulation.card_loops import CardLoop
    from jitopt.simulation.result import Simulation

__all__ = ["AIM", "card_loops_of", "kept_for_service", "service_of"]

AIM = 0.95
"""Share of containers that should be there when they are wanted, in loops that have no target of their own."""

REPLICATIONS, DAYS = 30, 250
"""Runs of every loop, and days of each, where the plant is not too large for them."""

LEAST_REPLICATIONS, LEAST_DAYS = 10, 40

WORK = 12_000_000
"""Containers that all runs together follow, about: a second or two."""

A_LOOP, MOST_KEPT = 0.004, 0.1
"""Seconds that the steps before leave for each loop, and the most of the time limit, as a share."""

NAMED = 24
"""Weak loops for which a remedy is looked for, the weakest first."""

TRIED = (1, 2, 3, 4, 5, 6, 8, 10, 13, 16)
"""Cards added in search of a remedy; in loops of more than 20 cards so many twentieths."""


def kept_for_service(plant: Plant, time_limit: float) -> float:
    """Return the seconds that the chain of decisions leaves for the simulation of its cards."""
    return min(MOST_KEPT * time_limit, 0.2 + A_LOOP * len(plant.rows("loops")))


def service_of(
    plan: PlantPlan, *, seed: int = 0, threads: int | None = None, until: float | None = None
) -> Service | None:
    """Simulate the cards of a plan; None without cards, or when the time is over before (monotonic clock)."""
    if not plan.decisions.cards or plan.outcome("kanban") is None:
        return None
    from jitopt.simulation.loop_runs import OutOfTimeError, settling
    from jitopt.simulation.loops import simulate_cards

    loops = card_loops_of(plan)
    warm_up = settling(loops)
    replications, days = _length(loops, warm_up)
    left = None if until is None else until - time.monotonic()
    if left is not None and left <= 0:
        return None
    try:
        found = simulate_cards(
            loops, plan.plant.name, replications=replications, days=days, warm_up=warm_up, seed=seed,
            threads=threads, time_limit=left,
        )  # fmt: skip
        weak = _weak(plan, loops, found, threads, until)
    except OutOfTimeError:
        return None
    lines = {row["line"]: float(row["minutes"]) for row in plan.plant.rows("lines")}
    return Service(found, weak, tuple(lines.get(name) for name in _kanban(plan).loops.consumer), _racks(plan, found))


def _length(loops: Sequence[CardLoop], warm_up: float) -> tuple[int, int]:
    """Return replications and days that keep the work within bounds, whatever the plant's size."""
    a_day = sum(1 / loop.lasts.mean for loop in loops if loop.lasts.mean)
    share = min(1.0, WORK / max(1.0, a_day * (DAYS + warm_up) * REPLICATIONS))
    replications = max(LEAST_REPLICATIONS, int(REPLICATIONS * share))
    days = max(LEAST_DAYS, int(DAYS * min(1.0, share * REPLICATIONS / replications)))
    return replications, days


def card_loops_of(plan: PlantPlan) -> list[CardLoop]:
    """Return the loops of a plan as they are simulated, in the order of its kanban instance."""
    from jitopt.simulation.card_loops import CardLoop, lead_time, usage

    instance = _kanban(plan)
    spreads = _spreads(plan.plant, plan.analysis, plan.decisions)
    table = instance.loops
    found = []
    for row, loop in enumerate(table.loop):
        container, cards = plan.decisions.cards[loop]
        quantity = float(instance.pairs[loop, container].quantity)
        demand, interval = table.demand[row], float((table.interval[row] if table.interval else 0) or 0)
        deviation, spread, late = spreads.get(loop) or (_inner(plan.analysis, table.part[row], demand), 0.0, 0.0)
        found.append(
            CardLoop(
                loop=loop, cards=cards, lasts=usage(demand, deviation, quantity),
                delay=lead_time(table.lead_time[row], spread), interval=interval, quantity=quantity,
                signal=(table.signal[row] if table.signal else None) or "first_piece",
                target=table.service[row] if table.service else None, late=late, late_by=interval,
                days=_days(plan, table.part[row], demand),
            )
        )  # fmt: skip
    return found


def _days(plan: PlantPlan, part: str, demand: float) -> tuple[float, ...]:
    """Return a loop's need on each day of the demand table; none where the plant tells the part's deviation."""
    need = float(plan.analysis.need(part))
    if not need or (plan.plant.part.get(part) or {}).get("demand_sd") is not None:
        return ()
    return tuple(float(units) * demand / need for units in plan.analysis.series[part].values())


def _kanban(plan: PlantPlan) -> Any:
    """Return the kanban instance of a plan that has one."""
    outcome = plan.outcome("kanban")
    assert outcome is not None
    return outcome.instance


def _inner(analysis: Analysis, part: str, demand: float) -> float:
    """Return the deviation of a day's need in a loop within the plant: its share of the part's."""
    need = float(analysis.need(part))
    return analysis.items[part].sd * demand / need if need else 0.0


def _spreads(plant: Plant, analysis: Analysis, decisions: Decisions) -> dict[str, tuple[float, float, float]]:
    """Return of each bought loop: deviation of a day's need, of the lead time, share of late deliveries."""
    found = {}
    for entry in supplier_loops(plant, analysis, decisions):
        if entry.loop is None:
            continue
        row = plant.supplier[entry.supplier]
        on_time = row["on_time"]
        late = 0.0 if on_time is None else 1.0 - on_time
        deviation = analysis.items[entry.part].sd * float(entry.share) ** 0.5
        found[loop_of(entry)] = (deviation, float(row["lead_time_sd"] or 0), late)
    return found


def _weak(
    plan: PlantPlan, loops: Sequence[CardLoop], found: Simulation, threads: int | None, until: float | None
) -> tuple[WeakLoop, ...]:
    """Return the loops that fall short, the weakest first, with what would help them."""
    table = found.tables["loops"]
    short: list[tuple[float, int]] = []
    for row, loop in enumerate(loops):
        service, fill_rate = table["service"][row], table["fill_rate"][row]
        if loop.target is not None and table["verdict"][row] == "missed":
            short.append((service - loop.target, row))
        elif (
            loop.target is None
            and fill_rate is not None
            and fill_rate + (table["fill_rate_half_width"][row] or 0) < AIM
        ):
            short.append((fill_rate - AIM, row))
    rows = [row for _, row in sorted(short)]
    remedies = _remedies({row: loops[row] for row in rows[:NAMED]}, found, threads, until) if rows else {}
    full = _full(plan)
    found_weak = []
    for row in rows:
        service, half = table["service"][row], table["service_half_width"][row]
        remedy = remedies.get(row, _Remedy())
        found_weak.append(
            WeakLoop(
                loop=loops[row].loop, asked=loops[row].target, service=service, service_half_width=half,
                fill_rate=table["fill_rate"][row], cards=loops[row].cards, bare=_is_bare(loops[row]),
                tried=row in remedies, more=remedy.more, reached=remedy.reached, punctual=remedy.punctual,
                full=full.get(loops[row].loop),
            )
        )  # fmt: skip
    return tuple(found_weak)


def _is_bare(loop: CardLoop) -> bool:
    """Tell whether a loop's cards hold what is needed on average until they are back, and nothing more."""
    cards = loop.cards - (loop.signal == "empty")
    return cards * loop.lasts.mean <= (loop.delay.mean + loop.interval) * (1 + 1e-9)


class _Remedy(NamedTuple):
    """What helps a loop; see `WeakLoop`."""

    more: int | None = None
    reached: float | None = None
    punctual: float | None = None


def _remedies(
    loops: Mapping[int, CardLoop], found: Simulation, threads: int | None, until: float | None
) -> dict[int, _Remedy]:
    """Return what helps loops, by their places; none where the time is over before.

    On the random numbers of the simulation, so that what differs is the remedy alone.
    """
    from jitopt.simulation._kernels import loops as m
    from jitopt.simulation.loop_runs import OutOfTimeError, run_loops

    told = {name: found.evidence[name] for name in ("replications", "seed", "days", "warm_up")}

    def served(changed: Mapping[int, CardLoop]) -> dict[int, float]:
        left = None if until is None else until - time.monotonic()
        runs = run_loops([*changed.values()], **told, threads=threads, time_limit=left, numbers=[*changed])
        above = {place: m.COVERED if loop.target else m.ON_TIME for place, loop in changed.items()}
        below = {place: m.CYCLES if loop.target else m.TAKEN for place, loop in changed.items()}
        sums = zip(changed, runs.sums[:, 0].sum(axis=1), strict=True)
        return {place: float(row[above[place]] / max(row[below[place]], 1.0)) for place, row in sums}

    remedies: dict[int, _Remedy] = {}
    try:
        late = {place: replace(loop, late=0.0) for place, loop in loops.items() if loop.late > 0 and loop.late_by > 0}
        punctual = served(late) if late else {}
        waiting = dict(loops)
        for steps in TRIED:
            added = {place: steps * max(1, loop.cards // 20) for place, loop in waiting.items()}
            given = served({place: replace(loop, cards=loop.cards + added[place]) for place, loop in waiting.items()})
            for place, value in given.items():
                if value >= (loops[place].target or AIM):
                    remedies[place] = _Remedy(added[place], value, punctual.get(place))
                    del waiting[place]
            if not waiting:
                break
        return remedies | {place: _Remedy(punctual=punctual.get(place)) for place in waiting}
    except OutOfTimeError:
        return {}


def _racks(plan: PlantPlan, found: Simulation) -> tuple[FullRack, ...]:
    """Return how full the racks are: the full containers of their loops, added up as independent numbers."""
    import numpy as np

    instance, table = _kanban(plan), found.tables["distributions"]
    shares: dict[str, Any] = {loop: np.zeros(cards + 1) for loop, (_, cards) in plan.decisions.cards.items()}
    for loop, level, share in zip(table["loop"], table["containers"], table["share"], strict=True):
        shares[loop][level] = share
    racks = []
    for rack, positions in plan.plant.rack.items():
        limit = f"rack {rack}"
        loops = [
            loop for loop, (box, _) in plan.decisions.cards.items() if limit in dict(instance.pairs[loop, box].uses)
        ]
        whole = np.ones(1)
        for loop in loops:
            whole = np.convolve(whole, shares[loop])
        if loops:
            below = np.cumsum(whole)
            mean = float(whole @ np.arange(len(whole)))
            often, almost = (int(np.searchsorted(below, level)) for level in (0.95, 0.999))
            racks.append(FullRack(rack, positions, len(whole) - 1, mean, often, almost))
    return tuple(racks)


def _full(plan: PlantPlan) -> dict[str, str]:
    """Return of each loop a limit that has no room for another of its cards."""
    instance = _kanban(plan)
    used = dict.fromkeys(instance.capacity, 0)
    takes = {loop: instance.pairs[loop, container].uses for loop, (container, _) in plan.decisions.cards.items()}
    for loop, (_, cards) in plan.decisions.cards.items():
        for limit, amount in takes[loop]:
            used[limit] += amount * cards
    return {
        loop: limit
        for loop, uses in takes.items()
        for limit, amount in uses
        if amount and used[limit] + amount > instance.capacity[limit]
    }
