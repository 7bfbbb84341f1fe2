"""Tiny delivery instances with a random mixture of all features, for comparison with enumeration."""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import Any

from jitopt.generators.small import NAMES, Dice, Judged, draw_until_valid, matters
from jitopt.problems.delivery import Delivery, DeliveryPlan

__all__ = ["random_small"]

Data = dict[str, Any]

FOCUS = (
    "truck_weight", "dock", "storage", "menu", "term cards", "change", "integrality", "truck_cube", "term lines",
    "term change", "term holding", "term delivery", "limit",
)  # fmt: skip
"""What is to matter, seed by seed in turn: a rule, a term of the objective, or that choices are whole."""

MENU = ((1, 1), (1, 2), (1, 3), (2, 1), (3, 1), (5, 2), (5, 1), (1, 4), (7, 3), (1, 6))
"""Days and deliveries to draw from."""

CYCLIC_EVERY = 5
"""One instance in so many has the strict cyclic form."""

THROWS = 20
"""After so many throws an instance is taken even if its focus does not seem to matter."""


def random_small(seed: int) -> Delivery:
    """Draw a tiny instance; see `jitopt.generators.random_small`."""
    if seed % CYCLIC_EVERY == CYCLIC_EVERY - 1:
        return draw_until_valid(seed, _draw_cyclic)
    focus = FOCUS[seed % len(FOCUS)]
    for turn in range(THROWS):
        instance = draw_until_valid(seed, _draw, turn)
        if focus == "integrality" or _matters(instance, focus):
            break
    return instance


def _draw_cyclic(dice: Dice) -> Delivery:
    """Draw parts with few multiples worth trying: a major cost that is not too small."""
    count = int(dice.rng.integers(1, 4))
    every = [dice.pick((1, 2, 3)) if dice.chance(0.4) else None for _ in range(count)]
    data: Data = {
        "problem": "delivery",
        "version": 1,
        "name": f"small-{dice.seed}",
        "policy": "strict_cyclic",
        "major_cost": dice.pick((4, 10, 25.5, 40, 300)),
        "parts": {
            "part": dice.names(NAMES, count),
            "demand": [dice.pick((100, 35.5, 1400, 7, 3000, 100)) for _ in range(count)],
            "minor_cost": [dice.pick((0, 1.5, 5, 15, 15, 40)) for _ in range(count)],
            "holding_cost": [dice.pick((0.1, 0.24, 1, 2.5)) for _ in range(count)],
        },
    }
    if dice.chance(0.25):
        data["parts"]["every"] = every
    return Delivery.parse(data)


def _matters(instance: Delivery, focus: str) -> bool:
    """Tell whether the focus matters among all plans."""
    term = focus.removeprefix("term ") if focus.startswith("term ") else None
    found = []
    for plan in _plans(instance):
        judged = instance.evaluate(plan)
        reduced = sum(value for name, value in judged.terms.items() if name != term)
        found.append(Judged(judged.objective or 0.0, reduced, frozenset(v.rule for v in judged.violations)))
    return matters(focus if term is None else None, found)


def _plans(instance: Delivery) -> list[DeliveryPlan]:
    choices = itertools.product(instance.menu, repeat=len(instance.stops))
    return [_plan(instance, choice) for choice in choices]


def _plan(instance: Delivery, choice: tuple[str, ...]) -> DeliveryPlan:
    rows = [
        {"supplier": supplier, "frequency": frequency}
        for stop, frequency in zip(instance.stops, choice, strict=True)
        for supplier in stop.suppliers
    ]
    return DeliveryPlan.model_validate({"deliveries": rows})


def _draw(dice: Dice) -> Delivery:
    focus = FOCUS[dice.seed % len(FOCUS)].removeprefix("term ")
    data = _basis(dice)
    for add, share, features in (
        (_add_clusters, 0.35, ()),
        (_add_parts, 0.5, ("lines", "cards")),
        (_add_uneven, 0.35, ()),
        (_add_allowed, 0.3, ("menu",)),
        (_add_trucks, 0.35, ("truck_weight", "truck_cube")),
        (_add_places, 0.5, ("dock", "storage", "integrality")),
        (_add_current, 0.3, ("change",)),
        (_add_limits, 0.25, ("limit",)),
    ):
        if focus in features or dice.chance(share):
            add(dice, data, focus)
    return Delivery.parse(_limited(dice, data, focus))


def _basis(dice: Dice) -> Data:
    """Draw suppliers, parts and a menu, few enough to enumerate."""
    suppliers = dice.names(NAMES, int(dice.rng.integers(1, 5)))
    parts = dice.names(("p", "part 2", "Öse", "0", "b#", "<&>"), int(dice.rng.integers(len(suppliers), 7)))
    menu = [MENU[row] for row in dice.rng.permutation(len(MENU))[: int(dice.rng.integers(2, 5))].tolist()]
    count = len(parts)
    return {
        "problem": "delivery",
        "version": 1,
        "name": f"small-{dice.seed}",
        "suppliers": {
            "supplier": suppliers,
            "delivery_cost": [dice.pick((0, 5, 12, 20, 33.3)) for _ in suppliers],
            "lead_time": [dice.pick((None, 0, 0.35, 0.5, 1, 2.2)) for _ in suppliers],
        },
        "parts": {
            "part": parts,
            "supplier": [*suppliers, *(dice.pick(suppliers) for _ in range(count - len(suppliers)))],
            "demand": [dice.pick((0, 8, 12.5, 60, 100, 240, 33.3)) for _ in parts],
            "pack": [dice.pick((1, 5, 10, 20, 2.5)) for _ in parts],
            "holding_cost": [dice.pick((0, 0.1, 0.25, 0.5, 1.2)) for _ in parts],
        },
        "frequencies": {
            "frequency": [f"{days}-{deliveries}" for days, deliveries in menu],
            "days": [days for days, _ in menu],
            "deliveries": [deliveries for _, deliveries in menu],
        },
    }


def _add_clusters(dice: Dice, data: Data, focus: str) -> None:
    names = dice.names(("run", "Ω", "m 1"), int(dice.rng.integers(1, 3)))
    data["clusters"] = {"cluster": names, "delivery_cost": [dice.pick((6, 15, 24.5)) for _ in names]}
    count = len(data["suppliers"]["supplier"])
    data["suppliers"]["cluster"] = [dice.pick(names) if dice.chance(0.6) else None for _ in range(count)]
    taken = set(data["suppliers"]["supplier"])
    if taken & set(names):
        data["clusters"]["cluster"] = [f"{name}'" for name in names]
        data["suppliers"]["cluster"] = [name and f"{name}'" for name in data["suppliers"]["cluster"]]


def _add_parts(dice: Dice, data: Data, focus: str) -> None:
    """Draw costs of lines and cards, and days of safety."""
    count = len(data["parts"]["part"])
    columns: tuple[tuple[str, tuple[float | None, ...]], ...] = (
        ("line_cost", (None, 0, 1, 2.5)),
        ("card_cost", (None, 0, 0.5, 1, 3)),
        ("safety", (None, 0, 0.25, 1)),
    )
    for name, values in columns:
        if focus == name.removesuffix("_cost") + "s" or dice.chance(0.5):
            data["parts"][name] = [dice.pick(values) for _ in range(count)]


def _add_uneven(dice: Dice, data: Data, focus: str) -> None:
    count = len(data["parts"]["part"])
    data["parts"]["demand_sd"] = [dice.pick((None, 0, 3, 12.5)) for _ in range(count)]
    data["parts"]["service"] = [dice.pick((None, 0.5, 0.9, 0.95, 0.999)) for _ in range(count)]


def _add_allowed(dice: Dice, data: Data, focus: str) -> None:
    names = data["frequencies"]["frequency"]
    pairs = [
        (supplier, name)
        for supplier in data["suppliers"]["supplier"]
        if dice.chance(0.6)
        for name in names
        if dice.chance(0.6)
    ]
    data["allowed"] = {"supplier": [s for s, _ in pairs], "frequency": [f for _, f in pairs]}


def _add_trucks(dice: Dice, data: Data, focus: str) -> None:
    """Give trucks to suppliers and milk runs; their limits are set later."""
    names = dice.names(("van", "7.5 t", "É"), int(dice.rng.integers(1, 3)))
    data["trucks"] = {"truck": names, "weight": [None] * len(names), "cube": [None] * len(names)}
    for table in ("suppliers", "clusters"):
        if table in data:
            rows = len(data[table]["delivery_cost"])
            data[table]["truck"] = [dice.pick(names) if dice.chance(0.8) else None for _ in range(rows)]
    count = len(data["parts"]["part"])
    data["parts"]["weight"] = [dice.pick((None, 0.5, 2, 3.75)) for _ in range(count)]
    data["parts"]["cube"] = [dice.pick((None, 0.01, 0.125)) for _ in range(count)]


def _add_places(dice: Dice, data: Data, focus: str) -> None:
    """Give docks and storages; their limits are set later."""
    docks = dice.names(("north", "dock 2"), 1 if focus == "integrality" or dice.chance(0.5) else 2)
    racks = dice.names(("rack", "floor A"), 1 if focus == "integrality" or dice.chance(0.5) else 2)
    share = 1.0 if focus == "integrality" else 0.8
    suppliers, parts = data["suppliers"], data["parts"]
    if focus in ("dock", "integrality") or dice.chance(0.7):
        data["docks"] = {"dock": docks, "slots": [1e6] * len(docks)}
        suppliers["dock"] = [dice.pick(docks) if dice.chance(share) else None for _ in suppliers["supplier"]]
    if focus in ("storage", "integrality") or dice.chance(0.7):
        data["storage"] = {"storage": racks, "capacity": [10**6] * len(racks)}
        parts["storage"] = [dice.pick(racks) if dice.chance(share) else None for _ in parts["part"]]


def _add_current(dice: Dice, data: Data, focus: str) -> None:
    suppliers = [name for name in data["suppliers"]["supplier"] if dice.chance(0.8)]
    frequencies = [dice.pick(data["frequencies"]["frequency"]) for _ in suppliers]
    data["current"] = {"deliveries": {"supplier": suppliers, "frequency": frequencies}}
    if FOCUS[dice.seed % len(FOCUS)] == "term change" or dice.chance(0.5):
        data["current"]["price"] = dice.pick((1, 5, 8.5, 30))
    if FOCUS[dice.seed % len(FOCUS)] == "change" or dice.chance(0.4):
        data["current"]["at_most"] = 10**6


def _add_limits(dice: Dice, data: Data, focus: str) -> None:
    """Give limits of any kind and what suppliers take of them; their capacities are set later."""
    names = dice.names(("cards", "capital", "ß"), 1 if dice.chance(0.5) else 2)
    rows = [
        (supplier, frequency, limit, dice.pick((0, 1, 2, 7, 2.5, 10.01)))
        for limit in names
        for supplier in data["suppliers"]["supplier"]
        for frequency in (None, *data["frequencies"]["frequency"])
        if dice.chance(0.2 if frequency is None else 0.7)
    ]
    data["limits"] = {"limit": names, "capacity": [10**6] * len(names)}
    if dice.chance(0.5):
        data["limits"]["taken"] = [dice.pick((None, 0, 3, 0.25)) for _ in names]
    data["uses"] = {
        name: [row[at] for row in rows] for at, name in enumerate(("supplier", "frequency", "limit", "amount"))
    }


# --- the limits --------------------------------------------------------------------------------


def _limited(dice: Dice, data: Data, focus: str) -> Data:
    """Set the limits around a hidden plan, or a little below it, or between two plans."""
    instance = Delivery.parse(data)
    if not instance.stops:
        return data
    hidden = tuple(dice.pick(tuple(instance.menu)) for _ in instance.stops)
    if focus == "integrality":
        return _between(dice, data, instance)
    kept = dice.chance(0.75)
    _limit_trucks(dice, data, instance, hidden, kept)
    docks, racks = _loads(instance, hidden)
    for name, loads in (("docks", docks), ("storage", racks)):
        if name in data:
            key, column = ("dock", "slots") if name == "docks" else ("storage", "capacity")
            data[name][column] = [
                _near(dice, loads.get(place, Fraction(0)), kept) if dice.chance(0.8) else 1000
                for place in data[name][key]
            ]
    if "limits" in data:
        table = data["limits"]
        loads = _taken(instance, hidden)
        for row, limit in enumerate(table["limit"]):
            taken = Fraction(str((table.get("taken") or {row: 0})[row] or 0))
            table["capacity"][row] = _near(dice, loads.get(limit, Fraction(0)) + taken, kept)
    current = data.get("current")
    if current and "at_most" in current:
        changed = sum(
            instance.present.get(supplier, name) != name
            for stop, name in zip(instance.stops, hidden, strict=True)
            for supplier in stop.suppliers
        )
        current["at_most"] = max(0, changed - (0 if kept else dice.pick((0, 1))))
    return data


def _loads(instance: Delivery, choice: tuple[str, ...]) -> tuple[dict[str, Fraction], dict[str, Fraction]]:
    """Return deliveries per day of each dock and containers in each storage."""
    cards = instance.evaluate(_plan(instance, choice)).evidence["cards"]
    docks: dict[str, Fraction] = {}
    racks: dict[str, Fraction] = {}
    for stop, name in zip(instance.stops, choice, strict=True):
        for dock in stop.docks:
            docks[dock] = docks.get(dock, Fraction(0)) + instance.menu[name].per_day
        for line in stop.lines:
            if line.storage is not None:
                racks[line.storage] = racks.get(line.storage, Fraction(0)) + cards[line.part]
    return docks, racks


def _taken(instance: Delivery, choice: tuple[str, ...]) -> dict[str, Fraction]:
    """Return what the suppliers take of the limits."""
    found: dict[str, Fraction] = {}
    for stop, name in zip(instance.stops, choice, strict=True):
        for supplier in stop.suppliers:
            for limit, amount in instance.uses_of(supplier, name):
                found[limit] = found.get(limit, Fraction(0)) + amount
    return found


def _near(dice: Dice, load: Fraction, kept: bool) -> float:
    """Return a limit that the load just keeps, as a decimal, or one that it may just break."""
    limit = float(-(-load * 1000 // 1)) / 1000
    if kept:
        return limit + dice.pick((0, 0, 0.001, 0.5, 2))
    return max(0.0, round(limit * dice.pick((0.6, 0.9, 1)), 3))


def _limit_trucks(dice: Dice, data: Data, instance: Delivery, hidden: tuple[str, ...], kept: bool) -> None:
    if "trucks" not in data:
        return
    rides: dict[str, list[tuple[Fraction, Fraction]]] = {}
    for stop, name in zip(instance.stops, hidden, strict=True):
        table, key = ("clusters", "cluster") if stop.cluster else ("suppliers", "supplier")
        truck = data[table]["truck"][data[table][key].index(stop.name)]
        gap = 1 / instance.menu[name].per_day
        weight = sum((line.demand * line.weight for line in stop.lines), Fraction(0)) * gap
        cube = sum((line.demand * line.cube for line in stop.lines), Fraction(0)) * gap
        if truck is not None:
            rides.setdefault(truck, []).append((weight, cube))
    for row, truck in enumerate(data["trucks"]["truck"]):
        for number, column in enumerate(("weight", "cube")):
            if truck in rides and dice.chance(0.8):
                data["trucks"][column][row] = _near(dice, max(ride[number] for ride in rides[truck]), kept)


def _between(dice: Dice, data: Data, instance: Delivery) -> Data:
    """Set dock and storage between two plans: shares of both would fit, neither does."""
    points = set()
    for choice in itertools.product(instance.menu, repeat=len(instance.stops)):
        docks, racks = _loads(instance, choice)
        points.add((sum(docks.values(), Fraction(0)), sum(racks.values(), Fraction(0))))
    front: list[tuple[Fraction, Fraction]] = []
    for point in sorted(points):
        if not front or point[1] < front[-1][1]:
            front.append(point)
    if len(front) > 1:
        row = int(dice.rng.integers(len(front) - 1))
        (few, many), (more, less) = front[row : row + 2]
        data["docks"]["slots"] = [float((few + more) / 2)]
        data["storage"]["capacity"] = [float((many + less) / 2)]
    return data
