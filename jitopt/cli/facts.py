"""What an instance asks, in numbers a planner knows: sizes, loads, rules. No solver."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from jitopt.cli.box import pace_facts, show_pace
from jitopt.cli.notes import notes_of
from jitopt.cli.output import columns, number
from jitopt.collection.entries import told_size
from jitopt.problems.figures import counted

if TYPE_CHECKING:
    from collections.abc import Callable

    from jitopt.problems.delivery import Delivery
    from jitopt.problems.heijunka import Heijunka
    from jitopt.problems.kanban import Kanban
    from jitopt.problems.kanban.line import Line
    from jitopt.problems.sourcing import Sourcing

__all__ = ["facts_of", "show_facts"]

MOST = 20
"""Most rows of a table that are shown."""


def facts_of(instance: Any) -> dict[str, Any]:
    """Return the facts as plain data."""
    # The demand is what everybody expects: it is told last.
    rules = sorted(instance.rules(), key=lambda rule: rule.name == "demand")
    special = SPECIAL.get(instance.problem)
    return {
        "problem": instance.problem,
        "name": instance.name,
        "source": instance.source,
        "sha256": instance.sha256(),
        "size": told_size(instance),
        "known": instance.known.model_dump(exclude_none=True, exclude={"plan"}) if instance.known else None,
        **(special(instance) if special else {}),
        "notes": notes_of(instance),
        "rules": {"counts": dict(Counter(rule.name for rule in rules)), "texts": [rule.text for rule in rules]},
    }


def _heijunka(instance: Heijunka) -> dict[str, Any]:
    """Demand with the mean distance between two units, and the load of ratio rules and box."""
    pairs = zip(instance.products.product, instance.products.demand, strict=True)
    products = [
        {"product": product, "demand": demand, "share": demand / instance.units, "every": _per(instance.slots, demand)}
        for product, demand in pairs
    ]
    ratios = [
        {
            "ratio": rule.ratio,
            "at_most": rule.at_most,
            "in_any": rule.in_any,
            "hard": rule.hard,
            "units": (units := sum(instance.products.demand[row] for row in rule.products)),
            "load": _load(units * rule.in_any, rule.at_most * instance.slots),
        }
        for rule in instance.ratio_rules
    ]
    found: dict[str, Any] = {"total_demand": instance.units, "products": products, "ratios": ratios}
    if instance.stations:
        found["stations"] = _stations(instance)
    if instance.box:
        room = instance.slots * instance.capacity
        found["box"] = {**instance.box.model_dump(exclude_none=True), "load": _load(instance.units, room)}
        found["pace"] = pace_facts(instance)
    found["objective"] = [term.model_dump() for term in instance.objective]
    return found


def _stations(instance: Heijunka) -> list[dict[str, Any]]:
    """Length of each station, the work of the whole sequence, and its share of the time between launches."""
    found = []
    for station in instance.line_stations:
        pairs = zip(instance.products.demand, station.minutes, strict=True)
        work = float(Fraction(sum(units * minutes for units, minutes in pairs), station.scale))
        length, takt = station.length / station.scale, station.takt / station.scale
        load = _load(work, takt * instance.units)
        found.append({"station": station.station, "length": length, "work": work, "load": load})
    return found


def _sourcing(instance: Sourcing) -> dict[str, Any]:
    """Demand of the parts with their quotes, and the load of the suppliers together."""
    quotes = Counter(part for _, part in instance.links)
    prices: dict[str, list[float]] = {}
    for (_, part), link in instance.links.items():
        prices.setdefault(part, []).append(float(link.price))
    parts = [
        {
            "part": part,
            "demand": float(sum(row, Fraction(0))),
            "quotes": quotes[part],
            "lowest_price": min(prices.get(part, []), default=None),
            "highest_price": max(prices.get(part, []), default=None),
        }
        for part, row in instance.demand.items()
    ]
    capacities = [limit for limit in instance.capacity.values() if limit is not None]
    total = sum((sum(row, Fraction(0)) for row in instance.demand.values()), Fraction(0))
    limited = len(capacities) == len(instance.capacity)
    room = float(sum(capacities, Fraction(0))) * len(instance.periods) if limited else None
    return {
        "total_demand": float(total),
        "total_capacity": room,
        "load": None if room is None else _load(float(total), room),
        "parts": parts,
        "single_sourced": sum(count == 1 for count in quotes.values()),
    }


def _delivery(instance: Delivery) -> dict[str, Any]:
    """Demand of the parts, what each stop may choose, and the load of the docks at least."""
    if instance.cyclic:
        table = instance.parts
        parts = zip(table.part, table.demand, table.minor_cost or (), table.holding_cost, strict=True)
        return {
            "total_demand": sum(table.demand),
            "parts": [
                {"part": part, "demand": d, "minor_cost": s, "holding_cost": h, "own_period": (2 * s / (h * d)) ** 0.5}
                for part, d, s, h in parts
            ],
        }
    stops = [
        {
            "stop": stop.name,
            "suppliers": len(stop.suppliers),
            "parts": len(stop.lines),
            "demand": float(sum((line.demand for line in stop.lines), Fraction(0))),
            "docks": ", ".join(stop.docks) or None,
        }
        for stop in instance.stops
    ]
    rarest = min((entry.per_day for entry in instance.menu.values()), default=Fraction(0))
    docks = [
        {"dock": dock, "slots": float(slots), "stops": (visits := sum(dock in stop.docks for stop in instance.stops)),
         "load": _load(float(visits * rarest), float(slots))}
        for dock, slots in instance.slots.items()
    ]  # fmt: skip
    return {
        "total_demand": float(sum((line.demand for line in instance.lines), Fraction(0))),
        "menu": [{**entry._asdict(), "per_day": float(entry.per_day)} for entry in instance.menu.values()],
        "stops": stops,
        "cycles": _cycles(instance),
        "docks": docks,
    }


def _kanban(instance: Kanban) -> dict[str, Any]:
    """Loops with their menus, and the capacity of each limit; of a line its stations."""
    if instance.line is not None:
        return _line(instance.line)
    loops = [
        {"loop": name, **_loop_facts(instance, name), "options": len(instance.rows_of[name])} for name in instance.names
    ]
    limits = [{"limit": name, "capacity": float(room)} for name, room in instance.capacity.items()]
    return {"loops": loops, "limits": limits}


def _line(line: Line) -> dict[str, Any]:
    """Stations of a line with their times and loads, and the sample its plans are judged on."""
    slowest = max(line.times)
    stations = [
        {"station": name, "time": mean, "cv": spread**0.5, "share": mean / slowest}
        for name, mean, spread in zip(line.names, line.times, line.spreads, strict=True)
    ]
    return {"blocking": line.blocking, "stations": stations, "sample": line.size()._asdict()}


def _loop_facts(instance: Kanban, name: str) -> dict[str, Any]:
    if instance.options is not None:
        costs = [instance.options.cost[row] for row in instance.rows_of[name]]
        return {"lowest_cost": min(costs), "highest_cost": max(costs)}
    assert instance.containers is not None
    needs = [instance.needed(name, instance.containers.container[row]) for row in instance.rows_of[name]]
    return {"demand": float(instance.loop_data[name].demand), "fewest_cards": min(needs), "most_cards": max(needs)}


def _cycles(instance: Delivery) -> list[dict[str, Any]]:
    """Cycle A-B-C and cards of each supplier at every frequency it may have."""
    found = []
    for name in instance.menu:
        rows = [{"supplier": s, "frequency": name} for stop in instance.stops for s in stop.suppliers]
        told = instance.evaluate(instance.plan_type.model_validate({"deliveries": rows})).evidence
        for supplier, cycle in told["cycles"].items():
            if name in instance.choices.get(supplier, instance.menu):
                cards = sum(told["cards"][line.part] for line in instance.lines if line.supplier == supplier)
                found.append({"supplier": supplier, "frequency": name, "cycle": cycle, "cards": cards})
    order = {supplier: row for row, supplier in enumerate(instance.suppliers.supplier if instance.suppliers else ())}
    return sorted(found, key=lambda row: order[row["supplier"]])


SPECIAL: dict[str, Callable[[Any], dict[str, Any]]] = {
    "delivery": _delivery,
    "heijunka": _heijunka,
    "kanban": _kanban,
    "sourcing": _sourcing,
}
"""The facts of each problem."""


def _load(used: float, room: float) -> float | None:
    return used / room if room else None


def _per(slots: int, demand: int) -> float | None:
    return round(slots / demand, 2) if demand else None


def show_facts(facts: dict[str, Any]) -> str:
    """Return the facts as text."""
    lines = [f"{facts['problem']} {facts['name']}"]
    if facts["source"]:
        lines.append(f"source    {facts['source']}")
    lines.append("size      " + ", ".join(_counted(value, word) for word, value in facts["size"].items() if value))
    if facts.get("total_demand") is not None:
        lines.append(f"demand    {counted(facts['total_demand'], 'unit')}")
    if facts.get("total_capacity") is not None:
        lines.append(
            f"capacity  {number(facts['total_capacity'])} units over all periods, load {_share(facts['load'])}"
        )
    if facts.get("box"):
        lines.append(
            f"box       {counted(facts['box']['capacity'], 'unit')} a bucket, load {_share(facts['box']['load'])}"
        )
    lines += show_pace(facts.get("pace"))
    if facts.get("objective"):
        terms = (f"{number(term['weight'])} x {term['term']} {term['measure']}" for term in facts["objective"])
        lines.append("objective " + ", ".join(terms))
    if facts["known"]:
        lines.append("known     " + ", ".join(f"{key} {number(value)}" for key, value in facts["known"].items()))
    lines.append(f"sha256    {facts['sha256']}")
    lines += [f"note      {note}" for note in facts["notes"]]
    for title, head in TABLES[facts["problem"]]:
        lines += _table(title, facts.get(title, []), head)
    return "\n".join([*lines, *_rules(facts["rules"])])


TABLES: dict[str, Any] = {
    "delivery": (
        ("menu", {"name": "frequency", "days": "days", "deliveries": "deliveries", "per_day": "per day"}),
        (
            "stops",
            {"stop": "stop", "suppliers": "suppliers", "parts": "parts", "demand": "demand a day", "docks": "docks"},
        ),
        (
            "cycles",
            {"supplier": "supplier", "frequency": "frequency", "cycle": "cycle A-B-C", "cards": "cards in all"},
        ),
        (
            "parts",
            {
                "part": "part",
                "demand": "demand a day",
                "minor_cost": "minor cost",
                "holding_cost": "holding cost",
                "own_period": "best period alone",
            },
        ),
        ("docks", {"dock": "dock", "slots": "slots", "stops": "stops", "load": "least load"}),
    ),
    "heijunka": (
        ("products", {"product": "product", "demand": "demand", "share": "share", "every": "one every ... slots"}),
        ("ratios", {"ratio": "ratio", "at_most": "at most", "in_any": "in any", "units": "units", "load": "load"}),
        ("stations", {"station": "station", "length": "length [min]", "work": "work [min]", "load": "load"}),
    ),
    "kanban": (
        (
            "loops",
            {
                "loop": "loop",
                "demand": "demand per day",
                "options": "options",
                "fewest_cards": "fewest cards",
                "most_cards": "most cards",
                "lowest_cost": "lowest cost",
                "highest_cost": "highest cost",
            },
        ),
        ("limits", {"limit": "limit", "capacity": "capacity"}),
        (
            "stations",
            {"station": "station", "time": "mean time", "cv": "variation", "share": "share of the slowest"},
        ),
    ),
    "sourcing": (
        (
            "parts",
            {
                "part": "part",
                "demand": "demand",
                "quotes": "quotes",
                "lowest_price": "lowest price",
                "highest_price": "highest price",
            },
        ),
    ),
}
"""For each problem, its tables and the headings of their columns."""


def _table(title: str, rows: list[dict[str, Any]], head: dict[str, str]) -> list[str]:
    if not rows:
        return []
    head = {key: word for key, word in head.items() if key in rows[0]}
    shown = [[_share(row[k]) if k in ("share", "load") else row[k] for k in head] for row in rows[:MOST]]
    more = [f"... {len(rows) - MOST} more {title}; --json lists them all"] if len(rows) > MOST else []
    return ["", columns(list(head.values()), shown), *more]


def _rules(rules: dict[str, Any]) -> list[str]:
    texts = rules["texts"]
    if not texts:
        return ["", "no rules beyond the demand"]
    counts = ", ".join(f"{count} {name}" for name, count in rules["counts"].items())
    more = [f"... {_counted(len(texts) - MOST, 'more rules')}; --json lists them all"] if len(texts) > MOST else []
    return ["", f"rules: {counts}", *(f"- {text}" for text in texts[:MOST]), *more]


def _counted(number: int, words: str) -> str:
    """Return "1 unit" or "2 units" for the plural `words`."""
    return f"{number} {words.removesuffix('s') if number == 1 else words}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} %"
