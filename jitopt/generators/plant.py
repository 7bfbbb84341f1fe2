"""Plants made to order, as tables: seeded, feasible by construction.

The hidden plan lets every supplier come once a day. Whatever the award, it then keeps every limit:
docks take all suppliers once a day, trucks carry everything a supplier quotes, and each rack holds
the cards of its parts with the slowest supplier that quotes them. What is cheapest, fewer
deliveries, needs more room, so that racks bind.
"""

from __future__ import annotations

import math
import random
from statistics import NormalDist, pstdev
from typing import Any

from jitopt.errors import InputError
from jitopt.generators.plant_options import PLANT_OPTIONS, SIZES

__all__ = ["tables"]

Options = dict[str, Any]
Row = dict[str, Any]

RACKS = ("heavy", "crates", "shelf")
SERVICE = 0.97


def tables(seed: int, options: Options) -> dict[str, Any]:
    """Return the tables of a plant as columns, with its name.

    Parameters
    ----------
    seed
        Of the random numbers.
    options
        Any of `PLANT_OPTIONS`.

    Raises
    ------
    InputError
        For an unknown option or a value out of its range.
    """
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise InputError("the seed must be a whole number >= 0", value=seed, remedy="write one")
    chosen = _complete(options)
    draft = _Draft(random.Random(seed), chosen)
    rows = {
        "suppliers": draft.suppliers,
        "clusters": draft.clusters,
        "parts": draft.parts,
        "quotes": draft.quotes,
        "bill": draft.bill,
        "products": draft.products,
        "demand": draft.demand,
        "lines": draft.lines(),
        "routings": draft.routings,
        "loops": draft.loops,
        "racks": draft.racks(),
        "docks": draft.docks(),
        "trucks": draft.trucks(),
        "frequencies": [
            {"frequency": name, "days": days, "deliveries": deliveries}
            for name, days, deliveries in (("2 a day", 1, 2), ("daily", 1, 1), ("2 a week", 5, 2), ("weekly", 5, 1))
        ],
        "containers": [
            {"container": name, "card_cost": card, "handling_cost": handling, "area": area}
            for name, card, handling, area in (
                ("pallet box", 0.1, 1.0, 0.96), ("crate", 0.04, 0.3, 0.24), ("box", 0.01, 0.1, 0.06),
            )
        ],
        "current": draft.current() if chosen["current"] else [],
        "costs": [
            {"cost": name, "value": value}
            for name, value in (("days_per_year", 230), ("holding_rate", 0.2), ("card_cost", 0.01), ("late_cost", 0.5))
        ] + ([{"cost": "change_cost", "value": 0.05}] if chosen["current"] else []),
    }  # fmt: skip
    found: dict[str, Any] = {"name": f"generated-{chosen['parts']}-{seed}"}
    return found | {
        name: {key: [row[key] for row in table] for key in table[0]} for name, table in rows.items() if table
    }


def _complete(options: Options) -> Options:
    """Return every option with its value; counts that are not given follow the size class or the parts."""
    for name, value in options.items():
        if name not in PLANT_OPTIONS:
            raise InputError(
                "the plant generator has no option of this name",
                value=name,
                remedy=f"use one of {', '.join(PLANT_OPTIONS)}",
            )
        default = PLANT_OPTIONS[name][0]
        whole = isinstance(default, float) and type(value) is int
        if type(value) is not type(default) and not whole:
            raise InputError(f"the option {name} is written like {default!r}", value=value, remedy="correct it")
    chosen = {name: default for name, (default, _) in PLANT_OPTIONS.items()} | options
    if chosen["size"] not in SIZES:
        raise InputError("the size is one of " + ", ".join(SIZES), value=chosen["size"], remedy="correct it")
    size = SIZES[chosen["size"]]
    scale = (chosen["parts"] or size["parts"]) / size["parts"]
    least = {"parts": 2, "suppliers": 2, "products": 2, "lines": 1, "days": 1}
    for name, most in (("parts", 20_000), ("suppliers", 2000), ("products", 2000), ("lines", 200), ("days", 250)):
        usual = size[name] if name == "days" else max(least[name], round(size[name] * scale))
        chosen[name] = chosen[name] or usual
        if not least[name] <= chosen[name] <= most:
            raise InputError(
                f"the option {name} must be from {least[name]} to {most}", value=chosen[name], remedy="correct it"
            )
    for name in ("density", "late", "load", "service", "room", "variation"):
        top = 10.0 if name == "room" else 1.0
        if not 0 <= chosen[name] <= top or (name == "load" and not chosen[name]):
            raise InputError(
                f"the option {name} must be a share up to {top:g}", value=chosen[name], remedy="correct it"
            )
    if chosen["levels"] not in (1, 2):
        raise InputError("the option levels is 1 or 2", value=chosen["levels"], remedy="correct it")
    return chosen


def _round(value: float) -> float:
    return float(f"{value:.3g}")


class _Draft:
    """A plant being drawn, table by table; later tables are set around earlier ones."""

    def __init__(self, rng: random.Random, options: Options) -> None:
        self.rng = rng
        self.options = options
        self.clusters: list[Row] = []
        self.suppliers = self._suppliers()
        self.products, self.routings = self._products()
        self.demand, self.means = self._demand()
        self.bill: list[Row] = []
        self.parts: list[Row] = []
        self._structure()
        self.need = self._need()
        self._sizes()
        self.quotes = self._quotes()
        self.loops = self._loops()

    def _suppliers(self) -> list[Row]:
        rng, count = self.rng, self.options["suppliers"]
        late = (
            set(rng.sample(range(count), min(count, math.ceil(self.options["late"] * count))))
            if self.options["late"]
            else set()
        )
        rows = []
        for number in range(count):
            rows.append(
                {
                    "supplier": f"S{number + 1:03d}",
                    "delivery_cost": rng.randrange(40, 200, 5),
                    "lead_time": rng.choice((1, 1, 2, 2, 3)) + (3 if number in late else 0),
                    "lead_time_sd": 1.5 if number in late else rng.choice((0.1, 0.2, 0.3)),
                    "fixed_cost": rng.randrange(500, 5000, 500),
                    "on_time": 0.8 if number in late else rng.choice((0.95, 0.97, 0.98, 0.99)),
                    "truck": f"truck {number + 1:03d}",
                    "dock": ("north", "south")[number % 2],
                    "cluster": None,
                }
            )
        if self.options["clusters"] and count >= 6:
            self.clusters.append({"cluster": "tour", "delivery_cost": 180, "truck": "truck tour"})
            for number in rng.sample(range(count), 3):
                rows[number] |= {"cluster": "tour"}
        return rows

    def _products(self) -> tuple[list[Row], list[Row]]:
        """Draw products; with two levels the last third are sub-assemblies, made on the last line."""
        count, lines = self.options["products"], self.options["lines"]
        made = count // 3 if self.options["levels"] == 2 and count >= 3 else 0
        rows, routings = [], []
        for number in range(count):
            inner = number >= count - made
            line = lines if inner or lines == 1 else 1 + number % max(1, lines - (made > 0))
            name = f"{'M' if inner else 'P'}{number + 1:03d}"
            rows.append({"product": name, "line": f"line {line}", "lead_time": 0.5, "pack": 10 if inner else None})
            minutes = self.rng.randrange(20, 100) / 10
            routings.append(
                {
                    "product": name,
                    "process": f"make {name}",
                    "line": f"line {line}",
                    "minutes": minutes,
                    "changeover": 3,
                }
            )
        return rows, routings

    def outer(self) -> list[str]:
        """Products that are sold."""
        return [row["product"] for row in self.products if row["pack"] is None]

    def inner(self) -> list[str]:
        """Sub-assemblies."""
        return [row["product"] for row in self.products if row["pack"] is not None]

    def _demand(self) -> tuple[list[Row], dict[str, float]]:
        rows: list[Row] = []
        means = {}
        for product in self.outer():
            mean = self.rng.randrange(5, 40)
            spread = self.options["variation"] * mean
            days = [max(0, round(self.rng.gauss(mean, spread))) for _ in range(self.options["days"])]
            days[0] = max(1, days[0])
            rows += [{"product": product, "day": day, "quantity": units} for day, units in enumerate(days, start=1)]
            means[product] = sum(days) / len(days)
        return rows, means

    def _structure(self) -> None:
        """Draw the bill: every part goes into one to four products, every product gets one at least."""
        rng, products = self.rng, self.outer() + self.inner()
        for number in range(self.options["parts"]):
            name = f"part {number + 1:04d}"
            first = products[number % len(products)]
            others = rng.sample(products, min(len(products), rng.choice((0, 0, 1, 3))))
            quantity = rng.choice((1, 1, 1, 2, 2, 4))
            for product in dict.fromkeys([first, *others]):
                self.bill.append({"product": product, "part": name, "quantity": quantity})
            self.parts.append({"part": name})
        for number, product in enumerate(self.outer()):
            if self.inner():
                part = self.inner()[number % len(self.inner())]
                self.bill.append({"product": product, "part": part, "quantity": 1})

    def _need(self) -> dict[str, list[float]]:
        """Return the need of every item, day by day; sub-assemblies stand one level below."""
        days = self.options["days"]
        need: dict[str, list[float]] = {row["part"]: [0.0] * days for row in self.bill}
        need |= {product: [0.0] * days for product in self.inner()}
        series = {product: [0.0] * days for product in self.outer()}
        for row in self.demand:
            series[row["product"]][row["day"] - 1] = row["quantity"]
        outer = set(series)
        for first in (True, False):
            for row in self.bill:
                if (row["product"] in outer) == first:
                    source = series[row["product"]] if first else need[row["product"]]
                    for day in range(days):
                        need[row["part"]][day] += source[day] * row["quantity"]
        return need | series

    def _sizes(self) -> None:
        """Draw what a part costs, weighs and is packed in: a container of a day or half, of a bearable weight."""
        rng = self.rng
        for part in self.parts:
            a_day = sum(self.need[part["part"]]) / self.options["days"]
            kind = rng.choice((0, 1, 1, 2, 2, 2))
            pack = max(1, round(a_day * rng.choice((0.1, 0.2, 0.3, 0.5)) * (1, 2, 5)[kind]))
            part |= {
                "unit_cost": _round(rng.lognormvariate((2.2, 0.5, -1.2)[kind], 0.6)),
                "pack": pack,
                "container": ("pallet box", "crate", "box")[kind],
                "weight": _round((60, 10, 4)[kind] / pack * rng.uniform(0.7, 1.3)),
                "cube": _round((0.25, 0.04, 0.01)[kind] / pack * rng.uniform(0.7, 1.3)),
                "storage": RACKS[kind],
                "safety": rng.choice((0.5, 1, 1)),
                "line_cost": rng.choice((0.1, 0.2, 0.5)),
            }

    def _quotes(self) -> list[Row]:
        rng, names = self.rng, [row["supplier"] for row in self.suppliers]
        rows = []
        for number, part in enumerate(self.parts):
            count = max(1, min(4, round(self.options["density"] * len(names) * rng.random() * 2)))
            quoting = [names[number % len(names)], *rng.sample(names, min(len(names), count))]
            for supplier in list(dict.fromkeys(quoting))[: max(1, count)]:
                price = _round(part["unit_cost"] * rng.uniform(0.93, 1.08))
                defects = rng.choice((0.0, 0.001, 0.005))
                rows.append({"supplier": supplier, "part": part["part"], "price": price, "defects": defects})
        return rows

    def _loops(self) -> list[Row]:
        line = {row["product"]: row["line"] for row in self.products}
        users: dict[str, str] = {}
        for row in self.bill:
            users.setdefault(row["part"], line[row["product"]])
        rows = []
        for part in self.parts:
            served = self.rng.random() < self.options["service"]
            rows.append(
                {
                    "loop": f"{part['part']} in", "part": part["part"], "from": None, "to": part["storage"],
                    "lead_time": None, "service": SERVICE if served else None,
                }
            )  # fmt: skip
        for product in self.inner():
            rows.append(
                {
                    "loop": f"{product} out", "part": product, "from": line[product], "to": users[product],
                    "lead_time": 0.5, "service": None,
                }
            )  # fmt: skip
        return rows

    def lines(self) -> list[Row]:
        """Give every line the same minutes, so that the fullest has the load that is asked for."""
        minutes = {row["product"]: (row["line"], row["minutes"]) for row in self.routings}
        work: dict[str, float] = {}
        for product, (line, each) in minutes.items():
            work[line] = work.get(line, 0.0) + each * sum(self.need[product]) / self.options["days"]
        most = math.ceil(max(work.values()) / self.options["load"])
        return [{"line": f"line {number + 1}", "minutes": most} for number in range(self.options["lines"])]

    def racks(self) -> list[Row]:
        """Hold the cards of every part with its slowest supplier, who comes once a day."""
        supplier = {row["supplier"]: row for row in self.suppliers}
        quoting: dict[str, list[Row]] = {}
        for quote in self.quotes:
            quoting.setdefault(quote["part"], []).append(supplier[quote["supplier"]])
        served = {row["part"] for row in self.loops if row["service"] is not None}
        positions = dict.fromkeys(RACKS, 0)
        for part in self.parts:
            series = self.need[part["part"]]
            mean, spread = sum(series) / len(series), pstdev(series)
            positions[part["storage"]] += max(
                _cards(part, mean, spread, row, part["part"] in served) for row in quoting[part["part"]]
            )
        room = 1 + self.options["room"]
        return [{"rack": rack, "positions": math.ceil(count * room)} for rack, count in positions.items() if count]

    def current(self) -> list[Row]:
        """Tell cards in force near those of a delivery a day, with the middle lead time of who quotes a part."""
        supplier = {row["supplier"]: row for row in self.suppliers}
        times: dict[str, list[float]] = {}
        for quote in self.quotes:
            times.setdefault(quote["part"], []).append(supplier[quote["supplier"]]["lead_time"])
        parts = {row["part"]: row for row in self.parts} | {row["product"]: row for row in self.products}
        found = []
        for loop in self.loops:
            row, series = parts[loop["part"]], self.need[loop["part"]]
            known = sorted(times.get(loop["part"], []))
            window = 1 + math.ceil(known[len(known) // 2]) + row["safety"] if known else loop["lead_time"]
            cards = sum(series) / len(series) * window / row["pack"]
            found.append({"loop": loop["loop"], "cards": 1 + round(cards * self.rng.uniform(0.8, 1.2))})
        return found

    def docks(self) -> list[Row]:
        """Take every supplier once a day, a tenth more."""
        count = {dock: sum(row["dock"] == dock for row in self.suppliers) for dock in ("north", "south")}
        return [{"dock": dock, "slots": math.ceil(1.1 * visits)} for dock, visits in count.items() if visits]

    def trucks(self) -> list[Row]:
        """Carry a day of everything a supplier quotes; the tour a day of all its suppliers."""
        part = {row["part"]: row for row in self.parts}
        load: dict[str, list[float]] = {row["truck"]: [0.0, 0.0] for row in self.suppliers}
        load |= {row["truck"]: [0.0, 0.0] for row in self.clusters}
        supplier = {row["supplier"]: row for row in self.suppliers}
        for quote in self.quotes:
            row, told = supplier[quote["supplier"]], part[quote["part"]]
            units = sum(self.need[quote["part"]]) / self.options["days"]
            for truck in [row["truck"], *(["truck tour"] if row["cluster"] else [])]:
                load[truck][0] += units * told["weight"]
                load[truck][1] += units * told["cube"]
        return [
            {"truck": truck, "weight": math.ceil(1.2 * weight) + 100, "cube": math.ceil(1.2 * cube) + 1}
            for truck, (weight, cube) in load.items()
        ]


def _cards(part: Row, mean: float, spread: float, supplier: Row, served: bool) -> int:
    """Return the cards of a part that comes once a day (A-B-C = 1-1-C), one more where rounding might ask for it."""
    window: int = 1 + math.ceil(supplier["lead_time"])
    pack: float = part["pack"]
    safety: float = part["safety"]
    spread_of_time: float = supplier["lead_time_sd"]
    if not served:
        return math.ceil(mean * (window + safety) / pack - 1e-9)
    z = NormalDist().inv_cdf(SERVICE)
    stock = z * spread * math.sqrt(window) + mean * z * spread_of_time
    return math.ceil((mean * window + stock) / pack) + 1
