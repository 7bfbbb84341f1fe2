"""Demand analysis: what every part and product needs a day, how steady, and whether it suits pull.

The demand of the products is taken through the bill day by day. For each item: mean and standard
deviation of a day's need (of the population of days told), coefficient of variation cv, share of
the days with any need, days of demand in a full container.

ABC by value a day (need x unit cost), highest first: A up to 80 % of the whole, B up to 95 %, C
the rest. XYZ by cv: X below 0.5, Y below 1, Z from 1 on. An item suits pull when it is X, is
needed on at least half of the days, and a full container lasts at most 20 days; else the reasons
say what speaks against it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from jitopt.network import requirements, requirements_of, supply_network
from jitopt.planning.numbers import mean
from jitopt.problems.base import exact
from jitopt.problems.epei import interval

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jitopt.planning.plant import Plant

__all__ = ["Analysis", "Item", "LineLoad", "analyse", "plant_network", "unit_cost"]

STEADY, LIVELY = 0.5, 1.0
OFTEN = Fraction(1, 2)
LONGEST_COVER = 20
SHARE_A, SHARE_B = Fraction(80, 100), Fraction(95, 100)


@dataclass(frozen=True)
class Item:
    """What is known of a part's or product's need.

    kind: "part" (bought) or "product". need: mean a day [units]. sd: standard deviation of a day.
    cv: sd over mean. active: share of the days with a need. cover: days a full container lasts
    (None without a pack). value: of the need of a day [money]. abc, xyz: classes. pull: it suits
    pull. reasons: for or against.
    """

    item: str
    kind: Literal["part", "product"]
    need: Fraction
    sd: float
    cv: float
    active: Fraction
    cover: Fraction | None
    value: Fraction
    abc: str
    xyz: str
    pull: bool
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class LineLoad:
    """Work of a line on a mean day.

    minutes: it has. work: asked of it. changeovers: minutes of setting up once for every product.
    epei: every part every interval [days]: the shortest time in which each product can be set up
    once in the minutes left (None when none are left).
    """

    line: str
    minutes: Fraction
    work: Fraction
    changeovers: Fraction

    @property
    def load(self) -> Fraction:
        """Share of the minutes that is work."""
        return self.work / self.minutes

    @property
    def epei(self) -> Fraction | None:
        """Every part every interval [days]."""
        return interval(self.changeovers, self.minutes - self.work)


@dataclass(frozen=True)
class Analysis:
    """The outcome; graph: the supply network before an award. series: need of each item, day by day."""

    plant: Plant
    graph: Any
    items: dict[str, Item]
    series: dict[str, dict[int, Fraction]]
    lines: dict[str, LineLoad] = field(default_factory=dict)

    def need(self, item: str) -> Fraction:
        """Return the mean need of a day [units]."""
        return self.items[item].need

    @cached_property
    def usage(self) -> dict[tuple[str, str], Fraction]:
        """Units a day of (item, line): what the products built on the line take of it directly."""
        found: dict[tuple[str, str], Fraction] = {}
        for row in self.plant.rows("bill"):
            key = (row["part"], self.plant.product[row["product"]]["line"])
            units = self.need(row["product"]) * exact(row["quantity"])
            found[key] = found.get(key, Fraction(0)) + units
        return found

    def rows(self) -> dict[str, list[Any]]:
        """Return the items as the columns of a table."""
        items = list(self.items.values())
        return {
            "item": [item.item for item in items],
            "kind": [item.kind for item in items],
            "need_per_day": [float(item.need) for item in items],
            "sd_per_day": [item.sd for item in items],
            "cv": [item.cv for item in items],
            "active_share": [float(item.active) for item in items],
            "cover_days": [None if item.cover is None else float(item.cover) for item in items],
            "value_per_day": [float(item.value) for item in items],
            "abc": [item.abc for item in items],
            "xyz": [item.xyz for item in items],
            "pull": ["yes" if item.pull else "no" for item in items],
            "reasons": ["; ".join(item.reasons) for item in items],
        }


def plant_network(plant: Plant, awards: Mapping[tuple[str, str], Fraction] | None = None) -> Any:
    """Return the supply network of a plant as a `networkx.DiGraph`, with the award once it is decided."""
    racks = set(plant.rack)
    loops = []
    for row in plant.rows("loops"):
        origin, to = row["from"], row["to"]
        kind = "supplier" if origin in plant.supplier else "rack" if origin in racks else "line"
        loops.append(
            {
                "loop": row["loop"],
                "part": row["part"],
                "lead_time": None if row["lead_time"] is None else exact(row["lead_time"]),
                "source": (kind, origin) if origin else ("part", row["part"]),
                "target": ("rack" if to in racks else "line", to),
            }
        )
    return supply_network(
        bill=[row | {"quantity": exact(row["quantity"])} for row in plant.rows("bill")],
        parts=[{"part": row["part"], "unit_cost": row["unit_cost"]} for row in plant.rows("parts")],
        products=[
            {"product": row["product"], "lead_time": exact(row["lead_time"] or 0)} for row in plant.rows("products")
        ],
        suppliers=[
            {"supplier": row["supplier"], "lead_time": exact(row["lead_time"]), "on_time": row["on_time"]}
            for row in plant.rows("suppliers")
        ],
        quotes=plant.rows("quotes"),
        awards=awards,
        lines=[{"line": row["line"], "minutes": exact(row["minutes"])} for row in plant.rows("lines")],
        routings=[row | {"minutes": exact(row["minutes"])} for row in plant.rows("routings")],
        loops=loops,
    )


def analyse(plant: Plant) -> Analysis:
    """Analyse the demand of a plant; see the module for the classes."""
    graph = plant_network(plant)
    told: dict[str, dict[int, Fraction]] = {}
    for row in plant.rows("demand"):
        told.setdefault(row["product"], {})[row["day"]] = Fraction(row["quantity"])
    need = requirements(graph, {product: mean(list(days.values())) for product, days in told.items()})
    series = _series(plant, graph, told)
    names = [*plant.part, *plant.product]
    classes = _abc({name: need[name] * unit_cost(plant, name) for name in names if name in need})
    items = {name: _item(plant, name, need.get(name, Fraction(0)), series, classes) for name in names}
    return Analysis(plant, graph, items, series, _loads(plant, need))


def _series(plant: Plant, graph: Any, told: Mapping[str, Mapping[int, Fraction]]) -> dict[str, dict[int, Fraction]]:
    """Return the need of each item on each day that every product above it tells."""
    found: dict[str, dict[int, Fraction]] = {}
    needs = requirements_of(
        graph, [{product: days[day] for product, days in told.items() if day in days} for day in plant.days]
    )
    for day, need in zip(plant.days, needs, strict=True):
        missing = [product for product, days in told.items() if day not in days]
        unknown = set(missing)
        if missing:
            unknown |= {item for item, units in requirements(graph, dict.fromkeys(missing, 1)).items() if units}
        for item, units in need.items():
            if item not in unknown:
                found.setdefault(item, {})[day] = units
    return found


def unit_cost(plant: Plant, name: str) -> Fraction:
    """Return the value of a unit; a product without one is worth its parts (through all levels)."""
    return plant.unit_costs[name]


def _abc(values: Mapping[str, Fraction]) -> dict[str, tuple[Fraction, str]]:
    """Return value and class of each item; parts and products are ranked together."""
    whole = sum(values.values(), Fraction(0))
    found, before = {}, Fraction(0)
    for name in sorted(values, key=lambda name: (-values[name], name)):
        share = before / whole if whole else Fraction(1)
        found[name] = (values[name], "A" if share < SHARE_A else "B" if share < SHARE_B else "C")
        before += values[name]
    return found


def _item(
    plant: Plant,
    name: str,
    need: Fraction,
    series: Mapping[str, Mapping[int, Fraction]],
    classes: Mapping[str, tuple[Fraction, str]],
) -> Item:
    days = list(series.get(name, {}).values())
    centre = mean(days)
    variance = mean([(units - centre) ** 2 for units in days])
    row = plant.part.get(name) or plant.product[name]
    sd = float(row["demand_sd"]) if row.get("demand_sd") is not None else math.sqrt(variance)
    cv = sd / float(need) if need else 0.0
    active = Fraction(sum(1 for units in days if units), len(days)) if days else Fraction(0)
    cover = exact(row["pack"]) / need if row["pack"] is not None and need else None
    xyz = "X" if cv < STEADY else "Y" if cv < LIVELY else "Z"
    pull, reasons = _pull(need, cv, active, cover, len(days))
    value, abc = classes.get(name, (Fraction(0), "C"))
    kind: Literal["part", "product"] = "part" if name in plant.part else "product"
    return Item(name, kind, need, sd, cv, active, cover, value, abc, xyz, pull, reasons)


def _pull(
    need: Fraction, cv: float, active: Fraction, cover: Fraction | None, days: int
) -> tuple[bool, tuple[str, ...]]:
    """Tell whether an item suits pull, and why or why not."""
    if not need:
        return False, ("nothing is needed of it",)
    against = []
    if cv >= STEADY:
        against.append(f"its need varies too much from day to day: cv {cv:.2f} is not below {STEADY}")
    if active < OFTEN:
        against.append(f"it is needed on {int(active * days)} of {days} days only")
    if cover is not None and cover > LONGEST_COVER:
        against.append(f"a full container lasts {float(cover):.0f} days, more than {LONGEST_COVER}")
    if against:
        return False, tuple(against)
    return True, (f"steady (cv {cv:.2f}), needed on {int(active * days)} of {days} days",)


def _loads(plant: Plant, need: Mapping[str, Fraction]) -> dict[str, LineLoad]:
    work = dict.fromkeys((row["line"] for row in plant.rows("lines")), Fraction(0))
    setting = dict(work)
    for row in plant.rows("routings"):
        work[row["line"]] += need.get(row["product"], Fraction(0)) * exact(row["minutes"])
        if need.get(row["product"]):
            setting[row["line"]] += exact(row["changeover"] or 0)
    return {
        row["line"]: LineLoad(row["line"], exact(row["minutes"]), work[row["line"]], setting[row["line"]])
        for row in plant.rows("lines")
    }
