"""Kanban instances made to order: loops with menus of containers, limits around a hidden plan."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from jitopt.errors import InputError
from jitopt.generators.kanban_line import generate_line
from jitopt.problems.kanban import Kanban, KanbanPlan, LoopCards

__all__ = ["generate"]

Data = dict[str, Any]
Column = list[Any]
Use = tuple[int, int, int]
"""Row of the containers, number of the limit, amount of a card."""

SERVICES = (0.9, 0.95, 0.98, 0.99, 0.995)
POWERS = (1.3, 0.8)
"""How fast room and floor of a container grow with its size."""

LIMITS = ("rack", "floor", "budget")


def generate(seed: int, options: Data) -> Kanban:
    """Generate an instance; see `jitopt.generators.generate` and `jitopt.generators.OPTIONS`."""
    if options["stations"]:
        return generate_line(seed, options)
    if not options["loops"] or not options["containers"]:
        raise InputError("an instance needs at least one loop and one container", remedy="raise loops or containers")
    for name in ("load", "reach", "service", "shortage", "empty", "interval", "yields", "bounds"):
        if not 0 <= options[name] <= 1 or (name == "load" and not options[name]):
            raise InputError(f"the option {name} must be a share up to 1", value=options[name], remedy="correct it")
    rng = np.random.default_rng(seed)
    data = {"problem": "kanban", "version": 1, "name": f"kanban-{seed}"} | _tables(rng, options)
    instance = Kanban.parse(data)
    uses = _uses(rng, options, data, instance)
    hidden = _hidden(rng, options, instance, uses)
    _current(rng, options, data, hidden)
    _limits(options, data, instance, hidden, uses)
    instance = Kanban.parse(data)
    return instance.replace(known=_known(options, instance, hidden)) if options["known"] else instance


def _tables(rng: np.random.Generator, options: Data) -> Data:
    """Draw the loops and their menus: a larger container is cheaper to move and dearer to keep."""
    count: int = options["loops"]
    menu: int = options["containers"]
    demand = np.maximum(1, np.round(options["demand"] * rng.lognormal(-0.5, 1.0, count), 1))
    lead = np.round(rng.uniform(0.2, 3.0, count), 2)
    variability = rng.uniform(0.05, 0.4, count)
    names = [f"L{row + 1:0{len(str(count))}d}" for row in range(count)]
    served: list[bool] = (rng.random(count) < options["service"]).tolist()
    priced: list[bool] = (rng.random(count) < options["shortage"]).tolist()
    fates = list(zip(served, priced, strict=True))
    value = rng.lognormal(1.0, 1.0, count)

    def some(share: float, values: Column, other: Any = None) -> Column:
        hits: list[bool] = (rng.random(count) < share).tolist()
        return [value if hit else other for value, hit in zip(values, hits, strict=True)]

    loops: Data = {
        "loop": names,
        "demand": demand.tolist(),
        "demand_sd": np.round(demand * variability, 2).tolist(),
        "lead_time": lead.tolist(),
        "lead_time_sd": some(0.3, np.round(lead * 0.1, 3).tolist()),
        "interval": some(options["interval"], rng.choice([0.25, 0.5, 1.0], count).tolist()),
        "yield": some(options["yields"], np.round(rng.uniform(0.9, 0.99, count), 3).tolist()),
        "service": [float(rng.choice(SERVICES)) if s and not p else None for s, p in fates],
        "safety": [None if s or p else round(float(rng.uniform(0.05, 0.3)), 2) for s, p in fates],
        "holding_cost": np.round(value * 0.25 / 240, 5).tolist(),
        "signal": some(options["empty"], ["empty"] * count, "first_piece"),
    }
    if any(priced):
        loops["shortage_cost"] = [
            round(float(v), 3) if p else None for v, p in zip(value.tolist(), priced, strict=True)
        ]
    return {"loops": loops, "containers": _menus(rng, menu, loops)}


def _menus(rng: np.random.Generator, menu: int, loops: Data) -> Data:
    table: Data = {"loop": [], "container": [], "quantity": [], "card_cost": [], "handling_cost": []}
    for name, demand in zip(loops["loop"], loops["demand"], strict=True):
        base = max(1.0, demand / rng.uniform(6, 30))
        sizes = sorted({max(1, round(base * 2.0**step)) for step in range(menu)})
        for size in sizes:
            table["loop"].append(name)
            table["container"].append(f"box {size}")
            table["quantity"].append(size)
            table["card_cost"].append(round(0.02 * (size / base) ** 0.6 * float(rng.uniform(0.8, 1.2)), 4))
            table["handling_cost"].append(round(0.05 * (size / base) ** 0.4 * float(rng.uniform(0.8, 1.2)), 4))
    return table


def _hidden(rng: np.random.Generator, options: Data, instance: Kanban, uses: list[Use]) -> KanbanPlan:
    """Draw the hidden plan: where limits are to bind it saves room, for a few loops by chance."""
    assert instance.containers is not None
    pairs = list(zip(instance.containers.loop, instance.containers.container, strict=True))
    price = np.array([_price(instance, *pair) for pair in pairs])
    cards = np.array([_least(instance, *pair) for pair in pairs])
    taken = np.zeros(len(pairs))
    for k in {use[1] for use in uses}:
        mine = [(row, amount * cards[row]) for row, limit, amount in uses if limit == k]
        mean = np.mean([load for _, load in mine])
        np.add.at(taken, [row for row, _ in mine], [load / mean for _, load in mine])
    if not options["loose"]:
        price = price * rng.uniform(0.9, 1.1, len(pairs)) + 0.5 * price.mean() * taken
    found = []
    for name in instance.names:
        row = min(instance.rows_of[name], key=lambda row: price[row])
        found.append(LoopCards(loop=name, container=pairs[row][1], cards=int(cards[row])))
    return KanbanPlan(loops=tuple(found))


def _least(instance: Kanban, name: str, container: str) -> int:
    """Return the cards needed; the mean need and a tenth where only a shortage is priced."""
    loop = instance.loop_data[name]
    guess = 0 if loop.asked else int(loop.mean * 11 / 10 / instance.pairs[name, container].quantity) + 1
    return max(instance.needed(name, container), loop.minimum, guess)


def _price(instance: Kanban, name: str, container: str) -> float:
    """Return what a container with the least cards costs (without shortage)."""
    loop, pair, cards = instance.loop_data[name], instance.pairs[name, container], _least(instance, name, container)
    holding = loop.holding * max(Fraction(0), instance.stock(name, container, cards) - loop.during)
    return float(pair.card_cost * cards + holding + pair.handling_cost * loop.demand / pair.quantity)


def _current(rng: np.random.Generator, options: Data, data: Data, hidden: KanbanPlan) -> None:
    """Add the cards in force, the hidden plan with some loops changed, and caps on cards."""
    if options["bounds"]:
        hit: list[bool] = (rng.random(len(hidden.loops)) < options["bounds"]).tolist()
        data["loops"]["maximum"] = [row.cards + 1 if h else None for row, h in zip(hidden.loops, hit, strict=True)]
    if not options["current"]:
        return
    moves = [int(rng.integers(-2, 3)) if rng.random() < 0.4 else 0 for _ in hidden.loops]
    cards = [max(0, row.cards + move) for row, move in zip(hidden.loops, moves, strict=True)]
    table = {"loop": [r.loop for r in hidden.loops], "container": [r.container for r in hidden.loops], "cards": cards}
    data["current"] = {"loops": table, "price": options["change_price"]}
    if options["change_cap"]:
        data["current"]["at_most"] = sum(abs(row.cards - have) for row, have in zip(hidden.loops, cards, strict=True))


def _uses(rng: np.random.Generator, options: Data, data: Data, instance: Kanban) -> list[Use]:
    """Draw what the cards take of room, floor or budget."""
    table, found = data["containers"], []
    for k in range(options["limits"]):
        members = {name for name in instance.names if rng.random() < options["reach"]}
        for row, (name, size) in enumerate(zip(table["loop"], table["quantity"], strict=True)):
            if name in members:
                found.append(
                    (row, k, 1 if k % 3 == 2 else max(1, round(float(size) ** POWERS[k % 3] * rng.uniform(0.7, 1.3))))
                )
    return found


def _limits(options: Data, data: Data, instance: Kanban, hidden: KanbanPlan, uses: list[Use]) -> None:
    """Set each limit around what the hidden plan takes."""
    table = data["containers"]
    names = [LIMITS[k] if k < len(LIMITS) else f"limit {k + 1}" for k in range(options["limits"])]
    chosen = {(row.loop, row.container): row.cards for row in hidden.loops}
    taken, most = [0] * len(names), [0] * len(names)
    for row, k, amount in uses:
        pair = (table["loop"][row], table["container"][row])
        taken[k] += amount * chosen.get(pair, 0)
        most[k] += 3 * amount * _least(instance, *pair)
    if not names:
        return
    room = most if options["loose"] else [int(np.ceil(load / options["load"])) for load in taken]
    data["limits"] = {"limit": names, "capacity": room}
    if uses:
        data["uses"] = {
            "loop": [table["loop"][row] for row, _, _ in uses],
            "container": [table["container"][row] for row, _, _ in uses],
            "limit": [names[k] for _, k, _ in uses],
            "amount": [amount for _, _, amount in uses],
        }


def _known(options: Data, instance: Kanban, hidden: KanbanPlan) -> Data:
    """Tell the hidden plan; where no limit binds and nothing else is priced it is the optimum."""
    found = instance.evaluate(hidden)
    assert found.feasible
    plan = hidden.to_dict()
    if options["loose"] and not options["shortage"] and not (options["current"] and options["change_price"]):
        reason = "no limit binds: every loop takes the container that is cheapest with the cards it needs"
        if not options["change_cap"]:
            return {"optimum": found.objective, "reference": reason, "plan": plan}
    return {"upper": found.objective, "reference": "the plan the limits were set around", "plan": plan}
