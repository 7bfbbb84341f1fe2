"""From a plant and what was decided to a value stream: its lines, loops, suppliers and customers.

docs/simulate.md says what becomes of each table, and what is left out.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING, Any

from jitopt.errors import InputError
from jitopt.planning.analysis import analyse
from jitopt.planning.steps.kanban import kanban_instance
from jitopt.problems.base import exact
from jitopt.simulation.stream import ValueStream

if TYPE_CHECKING:
    from jitopt.planning.analysis import Analysis
    from jitopt.planning.plant import Plant
    from jitopt.planning.steps.decisions import Decisions

__all__ = ["FINISHED", "value_stream"]

FINISHED = 1
"""Days of mean need, on top of its lead time, that stand of every product that customers take."""

MOST_ORDERS = 200
"""Orders of a product in a day; larger needs come in larger orders."""

Rows = list[dict[str, Any]]


def value_stream(plant: Plant, decisions: Decisions, analysis: Analysis | None = None) -> ValueStream:
    """Return the value stream of a plant whose awards, frequencies and cards are decided.

    Raises
    ------
    InputError
        If no loop has cards, or the cards are not those of the plant's loops.
    """
    return _Maker(plant, decisions, analysis or analyse(plant)).stream()


class _Maker:
    """Gathers the rows of the tables. rows: of the kanban instance, by loop."""

    def __init__(self, plant: Plant, decisions: Decisions, analysis: Analysis) -> None:
        self.plant, self.decisions, self.analysis = plant, decisions, analysis
        instance = kanban_instance(plant, analysis, decisions)
        self.day = float(max((exact(row["minutes"]) for row in plant.rows("lines")), default=Fraction(1440)))
        self.rows: dict[str, dict[str, Any]] = {}
        self.quantity: dict[str, float] = {}
        names = instance.loops.loop if instance is not None else ()
        if not names or set(names) != set(decisions.cards):
            raise _misfit(set(names) ^ set(decisions.cards))
        for row, loop in enumerate(names):
            container = decisions.cards[loop][0]
            if (loop, container) not in instance.pairs:
                raise _misfit({f"{loop} with {container}"})
            table = instance.loops
            columns = ("part", "process", "consumer", "demand", "lead_time", "interval", "signal")
            told = {name: getattr(table, name) for name in columns}
            self.rows[loop] = {name: column[row] if column else None for name, column in told.items()}
            self.quantity[loop] = float(instance.pairs[loop, container].quantity)
        self.loops: Rows = []
        self.operations: Rows = []
        self.bill: Rows = []
        self.demand: Rows = []

    def stream(self) -> ValueStream:
        """Return the stream."""
        for loop in self.rows:
            self._loop(loop)
        for product in self.plant.product:
            self._finished(product)
        tables = {
            "stations": self._stations(),
            "suppliers": self._suppliers(),
            "shifts": self._shifts(),
            "loops": self.loops,
            "operations": self.operations,
            "bill": self.bill,
            "demand": self.demand,
        }
        found = {name: _columns(rows) for name, rows in tables.items() if rows}
        return ValueStream.parse({"name": self.plant.name, "day": self.day, **found}, self.plant.name)

    def _loop(self, loop: str) -> None:
        """Add a loop of the plan: bought, brought from a rack, or made."""
        row, quantity = self.rows[loop], self.quantity[loop]
        found = {
            "loop": loop, "item": row["part"], "cards": self.decisions.cards[loop][1], "quantity": quantity,
            "signal": row["signal"],
        }  # fmt: skip
        if row["process"] in self.plant.supplier and row["part"] in self.plant.part:
            if row["process"] in self.decisions.frequencies:
                self.loops.append({**found, "kind": "supplier", "supplier": row["process"]})
                return
            raise _misfit({str(row["process"])})
        lead_time = float(row["lead_time"]) * self.day
        found["collection"] = float(row["interval"] or 0) * self.day
        if row["process"] in self.plant.rack:
            self.loops.append({**found, "kind": "withdrawal", "conveyance": lead_time})
            self._take(loop, row["part"], row["process"], Fraction(1))
            return
        work = self._make(loop, row["part"], quantity)
        self.loops.append({**found, "kind": "production", "conveyance": max(0.0, lead_time - work)})

    def _finished(self, product: str) -> None:
        """Add what customers take of a product, and the loop that keeps it in stock."""
        days = self.plant.days
        taken = [row["quantity"] for row in self.plant.rows("demand") if row["product"] == product]
        need = sum(taken) / len(days)
        if not need:
            return
        row = self.plant.product[product]
        quantity = float(row["pack"] or max(1, ceil(need / MOST_ORDERS)))
        name = product
        while name in self.rows:
            name += " (finished)"
        lead_time = float(row["lead_time"] or 0)
        work = self._make(name, product, quantity)
        self.loops.append(
            {
                "loop": name, "item": product, "kind": "production", "quantity": quantity,
                "cards": max(1, ceil(need * (FINISHED + lead_time) / quantity)),
                "conveyance": max(0.0, lead_time * self.day - work),
            }
        )  # fmt: skip
        mean = sum(taken) / len(taken)
        deviation = (sum((units - mean) ** 2 for units in taken) / len(taken)) ** 0.5
        cv = deviation / (need * quantity) ** 0.5
        self.demand.append(
            {
                "demand": name, "loop": name, "quantity": quantity, "interval": quantity / need * self.day,
                "distribution": "gamma" if cv else "deterministic", "cv": min(cv, 100.0) if cv else None,
            }
        )  # fmt: skip

    def _make(self, loop: str, product: str, quantity: float) -> float:
        """Add the operations and the material of a container of a product; return its minutes of work."""
        step = sum(1 for row in self.operations if row["loop"] == loop)
        work = 0.0
        for row in self.plant.rows("routings"):
            if row["product"] != product:
                continue
            step += 1
            minutes = float(exact(row["minutes"])) * quantity
            work += minutes
            setup = row["changeover"] or None
            self.operations.append(
                {
                    "loop": loop, "step": step, "station": row["line"], "time": minutes,
                    "family": product if setup else None, "setup": setup,
                }
            )  # fmt: skip
        line = self.plant.product[product]["line"]
        for row in self.plant.rows("bill"):
            if row["product"] == product:
                self._take(loop, row["part"], line, exact(row["quantity"]), quantity)
        return work

    def _take(self, loop: str, part: str, place: str, units: Fraction, quantity: float = 1.0) -> None:
        """Add what a loop takes of a part at a place: from the loops that bring it there, else from any rack.

        A product that no loop brings is made on the way, a part that none brings is always there.
        """
        ending = {name: row for name, row in self.rows.items() if row["part"] == part and name != loop}
        here = {name: row for name, row in ending.items() if row["consumer"] == place}
        sources = here or {name: row for name, row in ending.items() if row["consumer"] in self.plant.rack}
        whole = sum(row["demand"] for row in sources.values())
        for name, row in sources.items():
            share = Fraction(row["demand"]) / Fraction(whole) if whole else Fraction(1, len(sources))
            self.bill.append({"loop": loop, "source": name, "quantity": float(units * share)})
        if not sources and part in self.plant.product:
            self._make(loop, part, quantity * float(units))

    def _stations(self) -> Rows:
        setups = {row["station"] for row in self.operations if row["setup"]}
        used = {row["station"] for row in self.operations}
        return [
            {
                "station": row["line"],
                "queue": "family" if row["line"] in setups else "fifo",
                "calendar": row["line"] if float(exact(row["minutes"])) < self.day else None,
            }
            for row in self.plant.rows("lines")
            if row["line"] in used
        ]

    def _shifts(self) -> Rows:
        lines = {row["calendar"] for row in self._stations()}
        minutes = {row["line"]: float(exact(row["minutes"])) for row in self.plant.rows("lines")}
        return [{"calendar": line, "start": 0.0, "end": minutes[line]} for line in minutes if line in lines]

    def _suppliers(self) -> Rows:
        used = {row["supplier"] for row in self.loops if row.get("supplier")}
        found = []
        for supplier, frequency in self.decisions.frequencies.items():
            if supplier not in used:
                continue
            told, rhythm = self.plant.supplier[supplier], self.plant.frequency[frequency]
            interval = Fraction(rhythm["days"], rhythm["deliveries"])
            late = 0.0 if told["on_time"] is None else 1.0 - told["on_time"]
            found.append(
                {
                    "supplier": supplier, "days": rhythm["days"], "deliveries": rhythm["deliveries"],
                    "delay": max(1, ceil(exact(told["lead_time"]) / interval)), "late": late,
                    "late_time": float(interval) * self.day, "late_distribution": "deterministic",
                }
            )  # fmt: skip
        return found


def _columns(rows: Rows) -> dict[str, list[Any]]:
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name) for row in rows] for name in names}


def _misfit(names: set[str]) -> InputError:
    return InputError(
        "the cards must be those of the plant's loops, as a plan of it has them",
        place="/decisions/cards",
        value=", ".join(sorted(names)[:5]) or None,
        remedy="simulate a plan that was made for these tables",
    )
