"""Kanban: how many cards, of which container, on each loop.

Three forms. Options: every loop takes one of the listed options (container, cards, cost), shared
limits hold. Plant: loops with demand and replenishment, a menu of containers for each, cards N to
be chosen. Time is counted in working days, money per day. Line: stations in series that hold each
other up, buffers or cards between them to be chosen, judged by simulation (see `line`).
"""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property
from itertools import compress
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, NamedTuple, Self

from pydantic import Field, model_validator

from jitopt.problems.base import Instance, Plan, exact, room
from jitopt.problems.kanban.line import Line, Places, Sample
from jitopt.problems.kanban.normal import ceiling
from jitopt.problems.kanban.tables import Containers, Current, Limits, Loops, Options, Uses

__all__ = ["Kanban", "KanbanPlan", "Loop", "LoopCards", "Loops", "Pair", "cards_needed", "loop_of"]

MOST_CARDS = 10**7
"""No loop may need more cards than this."""

ENOUGH = 9
"""Standard deviations above the mean need beyond which nobody is short: the rest is below a part in 10^20."""


ZERO = Fraction(0)

if TYPE_CHECKING:
    from collections.abc import Collection

    from jitopt.problems.base import Way


class LoopCards(Plan):
    """One loop: `cards` cards, each with a `container`."""

    loop: str
    container: str
    cards: Annotated[int, Field(ge=0, le=10**12)]


class PlanSample(Plan):
    """The random numbers a plan of a line was found with. seed: of the sample, where the line names none."""

    seed: Annotated[int, Field(ge=0, le=2**63 - 1)]


class KanbanPlan(Plan):
    """The cards of every loop; of a line its buffers, or the cards of its stages, and the sample they were found on."""

    loops: Annotated[tuple[LoopCards, ...], Field(strict=False)] = ()
    buffers: Places | None = None
    cards: Places | None = None
    sample: PlanSample | None = None

    @model_validator(mode="before")
    @classmethod
    def _decided(cls, data: object) -> object:
        """Ask for one of the forms: a plan without any decides nothing."""
        if isinstance(data, dict) and not {"loops", "buffers", "cards"} & set(data):
            return data | {"loops": None}
        return data

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as plain data, in the form of the result file."""
        data = super().to_dict()
        if not self.loops and (self.buffers is not None or self.cards is not None):
            del data["loops"]
        return data

    def to_rows(self) -> dict[str, list[Any]]:
        """Return loop, container and cards; of a line its buffers or cards, numbered along the flow."""
        for name in ("buffers", "cards"):
            chosen = getattr(self, name)
            if chosen is not None:
                return {"place": list(range(1, len(chosen) + 1)), name: list(chosen)}
        return {name: [getattr(row, name) for row in self.loops] for name in ("loop", "container", "cards")}


class Loop(NamedTuple):
    """A loop ready to use, numbers exact.

    demand: D. during: D (L + R) [units]. mean: D (L + R) / y. variance: of the need during L + R
    [units^2]. base: mean (1 + alpha). service: as written. asked: the rule cards_needed holds.
    extra: 1 for the signal "empty". shortage: None where none is priced.
    """

    demand: Fraction
    during: Fraction
    mean: Fraction
    variance: Fraction
    base: Fraction
    service: float
    asked: bool
    extra: int
    holding: Fraction
    shortage: Fraction | None
    minimum: int
    maximum: int | None


class Pair(NamedTuple):
    """A loop with a container. uses: limit and amount a card takes; an option takes it as a whole."""

    quantity: Fraction
    card_cost: Fraction
    handling_cost: Fraction
    uses: tuple[tuple[str, Fraction], ...]


class Kanban(Instance[KanbanPlan]):
    """A kanban instance; see the module and its tables for the symbols."""

    plan_type: ClassVar[type[KanbanPlan]] = KanbanPlan
    TABLES: ClassVar[tuple[str, ...]] = ("options", "loops", "containers", "uses", "limits")

    problem: Literal["kanban"] = "kanban"
    options: Options | None = None
    loops: Loops | None = None
    containers: Containers | None = None
    uses: Uses | None = None
    limits: Limits | None = None
    current: Current | None = None
    line: Line | None = None
    objective: Literal["cost", "service", "throughput"] = "cost"

    @property
    def sense(self) -> Literal[1, -1]:
        """1: the objective is as small as can be; -1: the throughput of a line is as large as can be."""
        return -1 if self.objective == "throughput" else 1

    def sampled(self, seed: int) -> Self:
        """Return the line with its sample pinned to a seed, where it names none."""
        line = self.line
        if line is None or (line.sample is not None and line.sample.seed is not None):
            return self
        sample = (line.sample or Sample()).model_copy(update={"seed": seed})
        return self.model_copy(update={"line": line.model_copy(update={"sample": sample})})

    def signed(self, plan: KanbanPlan) -> KanbanPlan:
        """Return the plan of a line with the seed of the sample it is judged on."""
        if self.line is None or not isinstance(plan, KanbanPlan):
            return plan
        return plan.model_copy(update={"sample": PlanSample(seed=self.line.size().seed)})

    def eased(self) -> tuple[tuple[Way, tuple[Self, ...]], ...]:
        """Return the ways out of a line, whose rules simulation judges: more in all, more in a place, less asked."""
        found: tuple[tuple[Way, tuple[Self, ...]], ...] = room(self, "ways").eased(self)
        return found

    def ways(self) -> tuple[Way, ...]:
        """Return the ways out of an instance without a plan: room, cards or changes alone."""
        found: tuple[Way, ...] = room(self, "ways").ways(self)
        return found

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The loops, in the order of their first rows."""
        return self.loops.loop if self.loops else tuple(dict.fromkeys(self.options.loop if self.options else ()))

    @cached_property
    def rows_of(self) -> dict[str, tuple[int, ...]]:
        """The rows of each loop in the options, or in the containers."""
        table = self.options or self.containers
        found: dict[str, list[int]] = {name: [] for name in self.names}
        for row, name in enumerate(table.loop if table else ()):
            found[name].append(row)
        return {name: tuple(rows) for name, rows in found.items()}

    @property
    def serves(self) -> bool:
        """True where the least expected shortage is asked for: what cards cost is left to the limits then."""
        return self.objective == "service"

    @cached_property
    def change_price(self) -> Fraction:
        """Price of a card put in or taken out that counts in the objective."""
        return ZERO if self.current is None or self.serves else exact(self.current.price)

    @cached_property
    def loop_data(self) -> dict[str, Loop]:
        """The loops of the plant form, by id."""
        table = self.loops
        return {} if table is None else {name: loop_of(table, row, self.serves) for row, name in enumerate(table.loop)}

    @cached_property
    def pairs(self) -> dict[tuple[str, str], Pair]:
        """The menu of the plant form, by (loop, container)."""
        table, taken = self.containers, self._card_uses
        if table is None:
            return {}
        return {
            key: Pair(
                exact(table.quantity[row]),
                ZERO if self.serves else _entry(table.card_cost, row),
                ZERO if self.serves else _entry(table.handling_cost, row),
                (*taken.get((key[0], None), ()), *taken.get(key, ())),
            )
            for row, key in enumerate(zip(table.loop, table.container, strict=True))
        }

    @cached_property
    def _card_uses(self) -> dict[tuple[str, str | None], list[tuple[str, Fraction]]]:
        found: dict[tuple[str, str | None], list[tuple[str, Fraction]]] = {}
        table = self.uses
        for row, name in enumerate(table.loop if table and table.loop else ()):
            assert table is not None
            container = table.container[row] if table.container else None
            found.setdefault((name, container), []).append((table.limit[row], exact(table.amount[row])))
        return found

    @cached_property
    def option_uses(self) -> tuple[tuple[tuple[str, Fraction], ...], ...]:
        """What each row of the options takes: limit and amount."""
        found: list[list[tuple[str, Fraction]]] = [[] for _ in range(self.options.rows() if self.options else 0)]
        table = self.uses
        for row, option in enumerate(table.option if table and table.option else ()):
            assert table is not None
            found[option].append((table.limit[row], exact(table.amount[row])))
        return tuple(tuple(uses) for uses in found)

    @cached_property
    def option_row(self) -> dict[tuple[str, str, int], int]:
        """The row of each option by (loop, container, cards)."""
        table = self.options
        keys = zip(table.loop, table.container, table.cards, strict=True) if table else ()
        return dict(zip(keys, range(table.rows() if table else 0), strict=True))

    def option_takes(self, rows: Collection[int]) -> dict[str, list[float]]:
        """Return the amounts that some rows of the options take of each limit."""
        found: dict[str, list[float]] = {}
        table = self.uses
        if table is None or not table.option:
            return found
        wanted = bytearray(self.options.rows() if self.options else 0)
        for row in rows:
            wanted[row] = 1
        mine = map(wanted.__getitem__, table.option)
        for limit, amount in compress(zip(table.limit, table.amount, strict=True), mine):
            if limit in found:
                found[limit].append(amount)
            else:
                found[limit] = [amount]
        return found

    def prepare(self) -> None:
        """Make the indices of the options and the hash."""
        if self.options is not None:
            _ = self.rows_of, self.option_row
        super().prepare()

    @cached_property
    def capacity(self) -> dict[str, Fraction]:
        """Capacity of each limit."""
        table = self.limits
        return {} if table is None else dict(zip(table.limit, map(exact, table.capacity), strict=True))

    @cached_property
    def present(self) -> dict[str, tuple[str, int]]:
        """Container and cards in force of each loop; not listed: no card."""
        table = self.current.loops if self.current else None
        return (
            {} if table is None else dict(zip(table.loop, zip(table.container, table.cards, strict=True), strict=True))
        )

    def changed(self, loop: str, container: str, cards: int) -> int:
        """Return the cards put in and taken out against those in force."""
        used, have = self.present.get(loop, (container, 0))
        return abs(cards - have) if used == container else cards + have

    @cached_property
    def _needs(self) -> dict[tuple[str, str], int]:
        return {}

    def needed(self, loop: str, container: str) -> int:
        """Return the cards that demand and replenishment ask for; 0 where a shortage cost takes their place."""
        key = (loop, container)
        if key not in self._needs:
            self._needs[key] = cards_needed(self.loop_data[loop], self.pairs[key].quantity)
        return self._needs[key]

    def stock(self, loop: str, container: str, cards: int) -> Fraction:
        """Return the units that `cards` cards hold against the demand they wait for, N Q.

        With the signal "empty" the container in use has not called for its successor yet: (N - 1) Q.
        """
        return (cards - self.loop_data[loop].extra) * self.pairs[loop, container].quantity

    def size(self) -> dict[str, int]:
        """Return the counts that say how large the instance is."""
        menu = self.options or self.containers
        if self.line is not None:
            return {"loops": 0, "options": 0, "limits": 0, "uses": 0, **self.line.counts()}
        return {
            "loops": len(self.names),
            "options": menu.rows() if menu else 0,
            "limits": len(self.capacity),
            "uses": self.uses.rows() if self.uses else 0,
        }


def cards_needed(loop: Loop, quantity: Fraction) -> int:
    """Return the cards that demand and replenishment ask for; 0 where a shortage cost takes their place."""
    return ceiling(loop.base, loop.service, loop.variance, quantity) + loop.extra if loop.asked else 0


def _entry(column: tuple[float | None, ...] | None, row: int) -> Fraction:
    value = column[row] if column else None
    return ZERO if value is None else exact(value)


def loop_of(table: Loops, row: int, serves: bool) -> Loop:
    """Compute what the rules and terms need of a loop.

    Need during W = L + R: mean D W / y, variance (W sd^2 + D^2 sd_L^2) / y^2. serves: shortage is all
    that counts, weighted by its cost, or by 1.
    """
    demand = exact(table.demand[row])
    window = exact(table.lead_time[row]) + _entry(table.interval, row)
    shares: tuple[float | None, ...] | None = getattr(table, "yield")
    given = shares[row] if shares else None
    good = Fraction(1) if given is None else exact(given)
    service = table.service[row] if table.service else None
    safety = table.safety[row] if table.safety else None
    short = table.shortage_cost[row] if table.shortage_cost else None
    if serves and short is None:
        short = 1.0
    spread = window * _entry(table.demand_sd, row) ** 2 + demand**2 * _entry(table.lead_time_sd, row) ** 2
    mean = demand * window / good
    minimum = table.minimum[row] if table.minimum else None
    return Loop(
        demand=demand,
        during=demand * window,
        mean=mean,
        variance=spread / good**2,
        base=mean * (1 + (ZERO if safety is None else exact(safety))),
        service=0.5 if service is None else service,
        asked=short is None or safety is not None or service is not None,
        extra=int(bool(table.signal and table.signal[row] == "empty")),
        holding=ZERO if serves else _entry(table.holding_cost, row),
        shortage=None if short is None else exact(short),
        minimum=1 if minimum is None else minimum,
        maximum=table.maximum[row] if table.maximum else None,
    )
