"""A plant: its tables, validated, with the look-ups that planning needs."""

from __future__ import annotations

import hashlib
import importlib
import json
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, StringConstraints, ValidationError, model_validator

from jitopt.errors import InputError
from jitopt.planning import tables as t
from jitopt.planning.cells import columns_of
from jitopt.planning.tables import TABLES
from jitopt.problems.base import Strict, exact

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jitopt.problems.base import Table
    from jitopt.simulation.stream import ValueStream

__all__ = ["Plant"]


class Plant(Strict):
    """The tables of a plant; see `jitopt.planning.tables` for their columns and units.

    Read one with `jitopt.read_plant(path)`, or make one of plain columns with `Plant.parse`.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(populate_by_name=True)

    problem: Literal["plant"] = "plant"
    version: Literal[1] = 1
    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    suppliers: t.Suppliers
    clusters: t.Clusters | None = None
    parts: t.Parts
    quotes: t.Quotes
    bill: t.Bill
    products: t.Products
    demand: t.Demand
    lines: t.Lines
    routings: t.Routings
    loops: t.Loops | None = None
    racks: t.Racks | None = None
    docks: t.Docks | None = None
    trucks: t.Trucks | None = None
    frequencies: t.Frequencies
    allowed: t.Allowed | None = None
    containers: t.Containers | None = None
    packs: t.Packs | None = None
    current: t.Current | None = None
    costs: t.Costs

    @model_validator(mode="after")
    def _check(self) -> Plant:
        for name in TABLES:
            table: Table | None = getattr(self, name)
            if table is not None:
                table.check(f"/{name}")
        return self

    @classmethod
    def parse(cls, data: Mapping[str, Any], source: str = "") -> Plant:
        """Return the plant of plain columns ({"name": ..., table: {column: [values]}}), checked like a file.

        Raises
        ------
        InputError
            With the place, the value, the rule and the remedy.
        """
        # The reading makes plants, so it is known here by its name only: imports run one way.
        reading = importlib.import_module("jitopt.planning.reading")
        found: Plant = reading.plant_of(data, source or "plant").plant
        return found

    @classmethod
    def of_columns(cls, name: str, columns: Mapping[str, Mapping[str, Any]]) -> Plant:
        """Return the plant of columns that have been checked."""
        try:
            return cls.model_validate({"name": name, **columns})
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = "/" + "/".join(str(part) for part in first["loc"])
            raise InputError(str(first["msg"]), place=place, remedy="see docs/plants.md") from None

    def to_dict(self) -> dict[str, Any]:
        """Return the plant as plain data, in its native form (empty columns left out)."""
        return {"problem": "plant", "version": 1, "name": self.name} | {
            name: columns for name in TABLES if (columns := self.columns(name))
        }

    def columns(self, table: str) -> dict[str, list[Any]]:
        """Return a table as columns under the headers of its file; none where it is absent."""
        found: Table | None = getattr(self, table)
        if found is None:
            return {}
        values = {header: getattr(found, column.field) for header, column in columns_of(TABLES[table]).items()}
        return {header: list(column) for header, column in values.items() if column is not None}

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Return a table as rows by header; every column is there, None where it is not told."""
        columns = self.columns(table)
        found: Table | None = getattr(self, table)
        if found is None:
            return []
        headers = list(columns_of(TABLES[table]))
        return [
            {header: columns[header][row] if header in columns else None for header in headers}
            for row in range(found.rows())
        ]

    def sha256(self) -> str:
        """Return the hash of the tables, whatever the plant is called."""
        data = {key: value for key, value in self.to_dict().items() if key != "name"}
        text = json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def replace(self, **tables: Any) -> Plant:
        """Return a copy with the named tables (or the name) changed, checked like a new plant."""
        return type(self).parse(self.to_dict() | tables)

    @cached_property
    def part(self) -> dict[str, dict[str, Any]]:
        """Row of each part."""
        return {row["part"]: row for row in self.rows("parts")}

    @cached_property
    def product(self) -> dict[str, dict[str, Any]]:
        """Row of each product."""
        return {row["product"]: row for row in self.rows("products")}

    @cached_property
    def supplier(self) -> dict[str, dict[str, Any]]:
        """Row of each supplier."""
        return {row["supplier"]: row for row in self.rows("suppliers")}

    @cached_property
    def quote(self) -> dict[tuple[str, str], dict[str, Any]]:
        """Row of each (supplier, part)."""
        return {(row["supplier"], row["part"]): row for row in self.rows("quotes")}

    @cached_property
    def frequency(self) -> dict[str, dict[str, Any]]:
        """Row of each frequency."""
        return {row["frequency"]: row for row in self.rows("frequencies")}

    @cached_property
    def rack(self) -> dict[str, int]:
        """Positions of each rack."""
        return {row["rack"]: row["positions"] for row in self.rows("racks")}

    @cached_property
    def cost(self) -> dict[str, Fraction]:
        """Figures of the whole plant that are told."""
        return {row["cost"]: exact(row["value"]) for row in self.rows("costs")}

    @cached_property
    def days(self) -> tuple[int, ...]:
        """The days of the horizon."""
        return tuple(sorted(set(self.demand.day)))

    @cached_property
    def unit_costs(self) -> dict[str, Fraction]:
        """Value of a unit of each part and product; a product that tells none is worth its parts."""
        found = {part: exact(row["unit_cost"]) for part, row in self.part.items()}
        below: dict[str, list[tuple[str, Fraction]]] = {product: [] for product in self.product}
        for row in self.rows("bill"):
            below[row["product"]].append((row["part"], exact(row["quantity"])))
        waiting = list(self.product)
        while waiting:
            product = waiting[-1]
            told = self.product[product]["unit_cost"]
            missing = [] if told is not None else [part for part, _ in below[product] if part not in found]
            if missing:
                waiting += missing
                continue
            waiting.pop()
            worth = sum((quantity * found[part] for part, quantity in below[product] if part in found), Fraction(0))
            found[product] = worth if told is None else exact(told)
        return found

    @property
    def holding_rate(self) -> Fraction:
        """Cost of holding stock for a day, as a share of its value."""
        return self.cost["holding_rate"] / self.cost["days_per_year"]

    def value_stream(self, plan: Any) -> ValueStream:
        """Return the plant with a plan as a value stream, to be simulated; see docs/simulate.md.

        plan: a `PlantPlan`, its decisions, or the data of a plan.json.
        """
        # Steps know the plant, so that they are known here by their names only: imports run one way.
        decisions: Any = getattr(plan, "decisions", plan)
        if not hasattr(decisions, "awards"):
            decisions = importlib.import_module("jitopt.planning.taken").decisions_of(self, decisions)
        found: ValueStream = importlib.import_module("jitopt.planning.value_stream").value_stream(self, decisions)
        return found

    def menu(self, supplier: str) -> list[str]:
        """Return the frequencies a supplier may have, in the order of the table."""
        allowed = {row["frequency"] for row in self.rows("allowed") if row["supplier"] == supplier}
        return [frequency for frequency in self.frequency if not allowed or frequency in allowed]
