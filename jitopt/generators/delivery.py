"""Delivery instances built around a hidden plan of frequencies."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from jitopt.errors import InputError
from jitopt.problems.delivery import Delivery
from jitopt.problems.delivery.columns import columns

if TYPE_CHECKING:
    from jitopt.problems.delivery.columns import Column, RuleKey

__all__ = ["generate"]

Options = dict[str, Any]
Data = dict[str, Any]
Rng = np.random.Generator

MENU = ((5, 1), (3, 1), (2, 1), (1, 1), (1, 2), (1, 4), (1, 8))
"""Days and deliveries of the menu: from once a week to every hour of a shift."""

SHARES = ("clusters", "allowed", "trucks", "dock_load", "storage_load", "uneven", "changes")


def generate(seed: int, options: Options) -> Delivery:
    """Generate an instance; see `jitopt.generators.generate` for seed and options.

    Raises
    ------
    InputError
        For options that contradict each other.
    """
    _check(options)
    rng = np.random.default_rng(seed)
    if options["policy"] == "strict_cyclic":
        return _cyclic(rng, seed, options)
    data = _suppliers(rng, seed, options)
    _parts(rng, data, options)
    _places(rng, data, options)
    hidden = _hide(rng, data, options)
    _allow(rng, data, hidden, options)
    _limit(data, hidden, options)
    return Delivery.parse(_tell(data, hidden, options))


def _check(options: Options) -> None:
    if options["policy"] not in ("menu", "strict_cyclic"):
        raise InputError("policy must be menu or strict_cyclic", value=options["policy"], remedy="correct the word")
    for name in SHARES:
        if not 0 <= options[name] <= 1:
            raise InputError(f"{name} must lie between 0 and 1", value=options[name], remedy="correct it")
    for name in ("suppliers", "parts", "dock_load", "storage_load"):
        if not options[name]:
            raise InputError(f"{name} must be above 0", value=options[name], remedy="correct it")
    if options["change_cap"] and not options["current"]:
        raise InputError("change_cap asks for current", value=True, remedy="set current as well")
    if options["policy"] == "strict_cyclic" and not options["major_cost"]:
        raise InputError("major_cost must be above 0", value=0, remedy="correct it")


# --- the strict cyclic form -----------------------------------------------------------------


def _cyclic(rng: Rng, seed: int, options: Options) -> Delivery:
    """Draw parts; with one ratio of minor to holding cost every multiple is 1 and the optimum 2 sqrt(A B)."""
    count = options["parts"]
    demand: Any = rng.integers(10, 5000, count).tolist()
    holding: Any = (rng.integers(5, 200, count) / 100).tolist()
    minor: Any = [0.05 * h * d for h, d in zip(holding, demand, strict=True)]
    if not options["alike"]:
        minor = (rng.integers(10, 2000, count) / 10).tolist()
    data: Data = {
        "problem": "delivery",
        "version": 1,
        "name": f"generated-cyclic-{count}-{seed}",
        "source": f"generated, seed {seed}",
        "policy": "strict_cyclic",
        "major_cost": options["major_cost"],
        "parts": {
            "part": [f"part{row + 1}" for row in range(count)],
            "demand": [float(value) for value in demand],
            "minor_cost": [round(value, 6) for value in minor],
            "holding_cost": holding,
        },
    }
    if options["alike"] and options["known"]:
        a = options["major_cost"] + sum(data["parts"]["minor_cost"])
        b = sum(h * d for h, d in zip(holding, demand, strict=True)) / 2
        plan = {"base_period": (a / b) ** 0.5, "deliveries": [{"part": p, "every": 1} for p in data["parts"]["part"]]}
        value = Delivery.parse(data).evaluate(Delivery.plan_type.model_validate(plan)).objective
        reference = "one ratio of minor cost to holding cost: every multiple is 1, the cost 2 sqrt(A B)"
        data["known"] = {"optimum": value, "reference": reference, "plan": plan}
    return Delivery.parse(data)


# --- the menu form --------------------------------------------------------------------------


def _suppliers(rng: Rng, seed: int, options: Options) -> Data:
    count = options["suppliers"]
    names = [f"S{row + 1}" for row in range(count)]
    data: Data = {
        "problem": "delivery",
        "version": 1,
        "name": f"generated-{count}x{options['parts']}-{seed}",
        "source": f"generated, seed {seed}",
        "suppliers": {
            "supplier": names,
            "delivery_cost": rng.integers(20, 200, count).astype(float).tolist(),
            "lead_time": (rng.integers(1, 13, count) / 4).tolist(),
        },
        "frequencies": {
            "frequency": [f"{days}-{deliveries}" for days, deliveries in MENU],
            "days": [days for days, _ in MENU],
            "deliveries": [deliveries for _, deliveries in MENU],
        },
    }
    together = names[: round(options["clusters"] * count)]
    if len(together) > 1:
        _clusters(rng, data, len(together))
    return data


def _clusters(rng: Rng, data: Data, count: int) -> None:
    """Put the first suppliers on milk runs of two to four."""
    runs: list[str] = []
    members: list[str | None] = []
    while len(members) < count:
        runs.append(f"run{len(runs) + 1}")
        members += [runs[-1]] * int(rng.integers(2, 5))
    members = members[:count] + [None] * (len(data["suppliers"]["supplier"]) - count)
    data["suppliers"]["cluster"] = members
    data["clusters"] = {
        "cluster": runs,
        "delivery_cost": [float(value) for value in rng.integers(80, 350, len(runs))],
    }


def _parts(rng: Rng, data: Data, options: Options) -> None:
    suppliers = data["suppliers"]["supplier"]
    counts = np.maximum(1, rng.poisson(options["parts"], len(suppliers)))
    total = int(counts.sum())
    owners = np.repeat(np.arange(len(suppliers)), counts)
    parts: Data = {
        "part": [f"part{row + 1}" for row in range(total)],
        "supplier": [suppliers[row] for row in owners],
        "demand": [float(value) for value in rng.integers(5, 1500, total)],
        "pack": [float(value) for value in rng.choice([5, 10, 20, 24, 50, 100], total)],
        "holding_cost": (rng.integers(1, 60, total) / 1000).tolist(),
    }
    if options["trucks"]:
        parts["weight"] = (rng.integers(1, 80, total) / 20).tolist()
        parts["cube"] = (rng.integers(1, 60, total) / 10_000).tolist()
    if options["lines"]:
        parts["line_cost"] = [round(options["lines"] * value, 2) for value in rng.uniform(0.5, 1.5, total)]
    if options["card_cost"]:
        parts["card_cost"] = [options["card_cost"]] * total
    if options["safety"]:
        parts["safety"] = [options["safety"]] * total
    if options["uneven"]:
        uneven = rng.random(total) < options["uneven"]
        spreads = zip(uneven, parts["demand"], strict=True)
        parts["demand_sd"] = [round(0.15 * demand, 2) if it else None for it, demand in spreads]
        parts["service"] = [0.98 if it else None for it in uneven]
    data["parts"] = parts


def _places(rng: Rng, data: Data, options: Options) -> None:
    """Give docks, storages and trucks; their limits follow from the hidden plan."""
    if options["docks"]:
        names = [f"dock{row + 1}" for row in range(options["docks"])]
        data["docks"] = {"dock": names, "slots": [1e9] * len(names)}
        data["suppliers"]["dock"] = _picks(rng, names, options["suppliers"])
    if options["storages"]:
        names = [f"rack{row + 1}" for row in range(options["storages"])]
        data["storage"] = {"storage": names, "capacity": [1e9] * len(names)}
        data["parts"]["storage"] = _picks(rng, names, len(data["parts"]["part"]))
    if options["trucks"]:
        data["trucks"] = {"truck": [], "weight": [], "cube": []}


def _picks(rng: Rng, names: list[str], count: int) -> list[str]:
    rows: Any = rng.integers(len(names), size=count).tolist()
    return [names[row] for row in rows]


def _hide(rng: Rng, data: Data, options: Options) -> list[int]:
    """Return the hidden column of each stop: its cheapest, or one near it."""
    every = columns(Delivery.parse(data))
    best = [min(range(len(row)), key=lambda k, row=row: row[k].cost) for row in every]  # type: ignore[misc]
    if options["optimal"]:
        return best
    shifts = rng.choice([-1, 0, 0, 0, 1], len(best)).tolist()
    return [min(max(k + shift, 0), len(MENU) - 1) for k, shift in zip(best, shifts, strict=True)]


def _allow(rng: Rng, data: Data, hidden: list[int], options: Options) -> None:
    """Restrict menus to the hidden frequency and some others; give the current frequencies."""
    names = data["frequencies"]["frequency"]
    stops = Delivery.parse(data).stops
    if options["allowed"]:
        pairs = []
        for stop, k in zip(stops, hidden, strict=True):
            if rng.random() < options["allowed"]:
                kept = [j for j in range(len(names)) if j == k or rng.random() < 0.5]
                pairs += [(supplier, names[j]) for supplier in stop.suppliers for j in kept]
        data["allowed"] = {"supplier": [s for s, _ in pairs], "frequency": [f for _, f in pairs]}
    if options["current"]:
        rows = []
        for stop, k in zip(stops, hidden, strict=True):
            other = int(rng.integers(len(names))) if rng.random() < options["changes"] else k
            rows += [(supplier, names[other]) for supplier in stop.suppliers]
        table = {"supplier": [s for s, _ in rows], "frequency": [f for _, f in rows]}
        data["current"] = {"deliveries": table, "price": options["change_price"]}


def _limit(data: Data, hidden: list[int], options: Options) -> None:
    """Set every limit so that the hidden plan keeps it."""
    instance = Delivery.parse(data)
    every = columns(instance)
    loads: dict[RuleKey, Fraction] = {}
    for row, k in zip(every, hidden, strict=True):
        for key, amount in row[k].takes.items():
            loads[key] = loads.get(key, Fraction(0)) + amount
    for table, word, column, share in (
        ("docks", "dock", "slots", "dock_load"),
        ("storage", "storage", "capacity", "storage_load"),
    ):
        if table in data:
            taken = (loads.get((word, (name,)), Fraction(0)) for name in data[table][word])
            data[table][column] = [_above(amount / Fraction(str(options[share]))) for amount in taken]
    if options["trucks"]:
        _trucks(data, instance, hidden, options)
    if options["change_cap"]:
        names = data["frequencies"]["frequency"]
        data["current"]["at_most"] = sum(
            instance.present[supplier] != names[k]
            for stop, k in zip(instance.stops, hidden, strict=True)
            for supplier in stop.suppliers
        )


def _above(value: Fraction) -> float:
    """Return the value rounded up to four decimals."""
    return float(Fraction(-(-value * 10_000 // 1), 10_000))


def _trucks(data: Data, instance: Delivery, hidden: list[int], options: Options) -> None:
    """Give every stop a truck that carries its hidden delivery at the load asked for."""
    share = Fraction(str(options["trucks"]))
    rides: dict[str, str] = {}
    for stop, k in zip(instance.stops, hidden, strict=True):
        gap = Fraction(*MENU[k])
        for name in ("weight", "cube"):
            load = sum((line.demand * getattr(line, name) for line in stop.lines), Fraction(0)) * gap
            data["trucks"][name].append(_above(load / share))
        rides[stop.name] = f"truck{len(rides) + 1}"
        data["trucks"]["truck"].append(rides[stop.name])
    for table, key in (("suppliers", "supplier"), ("clusters", "cluster")):
        if table in data:
            data[table]["truck"] = [rides.get(name) for name in data[table][key]]


def _tell(data: Data, hidden: list[int], options: Options) -> Data:
    """Add the hidden plan and its value; it is the optimum where no stop has anything cheaper."""
    if not options["known"]:
        return data
    instance = Delivery.parse(data)
    every = columns(instance)
    rows = [
        {"supplier": supplier, "frequency": row[k].frequency}
        for stop, row, k in zip(instance.stops, every, hidden, strict=True)
        for supplier in stop.suppliers
    ]
    value = instance.evaluate(Delivery.plan_type.model_validate({"deliveries": rows})).objective
    if all(row[k].cost == min(_open(row)) for row, k in zip(every, hidden, strict=True)):
        reference = "every supplier and milk run has the frequency that is cheapest for it alone"
        data["known"] = {"optimum": value, "reference": reference, "plan": {"deliveries": rows}}
    else:
        data["known"] = {"upper": value, "reference": "the hidden plan", "plan": {"deliveries": rows}}
    return data


def _open(row: list[Column]) -> list[Fraction]:
    return [column.cost for column in row if not column.short]
