"""Tiny kanban instances with a random mixture of all features, for comparison with enumeration."""

from __future__ import annotations

from math import ceil, sqrt
from typing import Any

from jitopt.errors import InputError
from jitopt.generators.small import NAMES, Dice, Judged, draw_until_valid, matters
from jitopt.problems.kanban import Kanban, KanbanPlan

__all__ = ["FOCUS", "random_small"]

Data = dict[str, Any]
Choice = list[tuple[str, str, int]]

FOCUS = (
    "limit", "term shortage", "maximum", "change", "options", "term holding", "cards_needed", "integrality",
    "term handling", "minimum", "term change", "term cards", "limit",
)  # fmt: skip
"""What is to matter, seed by seed in turn: a rule, a term of the objective, or a form of instance."""

THROWS = 20
"""After so many throws an instance is taken even if its focus does not seem to matter."""

MOST_PLANS = 4000
"""No more plans than this in a tiny instance."""


def random_small(seed: int) -> Kanban:
    """Draw a tiny instance; see `jitopt.generators.random_small`."""
    focus = FOCUS[seed % len(FOCUS)]
    for turn in range(THROWS):
        instance = draw_until_valid(seed, _draw, turn)
        if focus in ("options", "integrality") or _matters(instance, focus, Dice(seed, turn)):
            break
    return instance


def _matters(instance: Kanban, focus: str, dice: Dice) -> bool:
    """Tell whether the focus matters among random plans."""
    term = focus.removeprefix("term ") if focus.startswith("term ") else None
    plans = []
    for _ in range(60):
        found = instance.evaluate(_plan(_any_choice(instance, dice)))
        reduced = sum(value for name, value in found.terms.items() if name != term)
        broken = frozenset(violation.rule for violation in found.violations)
        plans.append(Judged(found.objective or 0.0, reduced, broken))
    return matters(focus if term is None else None, plans)


def _plan(choice: Choice) -> KanbanPlan:
    return KanbanPlan.model_validate({"loops": [{"loop": a, "container": b, "cards": c} for a, b, c in choice]})


def _any_choice(instance: Kanban, dice: Dice) -> Choice:
    """Draw a container of each loop with about the cards it needs."""
    if instance.options is not None:
        table = instance.options
        rows = [dice.pick(instance.rows_of[name]) for name in instance.names]
        return [(table.loop[row], table.container[row], table.cards[row]) for row in rows]
    assert instance.containers is not None
    found = []
    for name in instance.names:
        container = instance.containers.container[dice.pick(instance.rows_of[name])]
        data = instance.loop_data[name]
        base = max(instance.needed(name, container), data.minimum)
        reach = ceil(data.mean / instance.pairs[name, container].quantity)
        spread = dice.pick((0, 0, 0, -1, 1, 2))
        found.append((name, container, max(0, dice.pick((base, base, max(base, reach))) + spread)))
    return found


def _draw(dice: Dice) -> Kanban:
    focus = FOCUS[dice.seed % len(FOCUS)].removeprefix("term ")
    if focus == "integrality":
        return _pinched(dice)
    if focus == "options" or dice.chance(0.1):
        return _options(dice)
    data = _loops(dice, focus)
    for add, share, wanted in (
        (_add_costs, 0.8, ("cards", "holding", "handling")),
        (_add_shortage, 0.3, ("shortage",)),
        (_add_bounds, 0.3, ("minimum", "maximum")),
        (_add_current, 0.3, ("change",)),
        (_add_limits, 0.6, ("limit",)),
    ):
        if focus in wanted or dice.chance(share):
            add(dice, data, focus)
    instance = Kanban.parse(data)
    if dice.chance(0.75):
        instance = _let_pass(dice, data, instance)
    if _count(instance) > MOST_PLANS:
        raise InputError("too many plans", value=_count(instance))
    return instance


def _head(dice: Dice) -> Data:
    return {"problem": "kanban", "version": 1, "name": f"small-{dice.seed}"}


def _loops(dice: Dice, focus: str) -> Data:
    """Draw loops of a few cards and their menus."""
    names = dice.names(NAMES, int(dice.rng.integers(1, 4)))
    rows = [(name, c) for name in names for c in dice.names(("c", "box 2", "Ö", "5"), int(dice.rng.integers(1, 4)))]
    loops: Data = {
        "loop": names,
        "demand": [dice.pick((0, 3, 5, 8, 10, 12.5, 20)) for _ in names],
        "lead_time": [dice.pick((0.25, 0.5, 1, 1.1)) for _ in names],
    }
    for name, values, share in (
        ("demand_sd", (None, 0, 1, 2.5), 0.4),
        ("lead_time_sd", (None, 0, 0.1), 0.25),
        ("interval", (None, 0, 0.5), 0.3),
        ("yield", (None, 1, 0.9, 0.8), 0.25),
        ("safety", (None, 0, 0.1, 0.3), 0.4),
        ("service", (None, 0.5, 0.9, 0.95, 0.99), 0.4),
        ("signal", (None, "first_piece", "empty", "empty"), 0.3),
        ("minimum", (None, 0, 1), 0.2),
    ):
        if dice.chance(share):
            loops[name] = [dice.pick(values) for _ in names]
    for word in ("part", "process", "consumer"):
        if dice.chance(0.1):
            loops[word] = [dice.pick((None, "x", "<b>")) for _ in names]
    quantities = [dice.pick((3, 4, 5, 7.5, 10)) for _ in rows]
    table = {"loop": [r[0] for r in rows], "container": [r[1] for r in rows], "quantity": quantities}
    return _head(dice) | {"loops": loops, "containers": table}


def _add_costs(dice: Dice, data: Data, focus: str) -> None:
    pairs = len(data["containers"]["loop"])
    if focus == "holding" or dice.chance(0.5):
        data["loops"]["holding_cost"] = [dice.pick((None, 0.1, 0.5, 1.25)) for _ in data["loops"]["loop"]]
    if focus == "cards" or dice.chance(0.6):
        data["containers"]["card_cost"] = [dice.pick((None, 0, 1, 2, 3.5)) for _ in range(pairs)]
    if focus == "handling" or dice.chance(0.5):
        data["containers"]["handling_cost"] = [dice.pick((None, 0, 0.5, 1, 2.2)) for _ in range(pairs)]


def _add_shortage(dice: Dice, data: Data, focus: str) -> None:
    """Price shortage; some loops then have no card they need, but an expectation."""
    loops, pairs = data["loops"], data["containers"]
    loops["shortage_cost"] = [dice.pick((None, 0, 1, 5, 20)) for _ in loops["loop"]]
    if focus == "shortage":
        loops["shortage_cost"][0] = dice.pick((2, 5, 20))
        loops["demand_sd"] = [dice.pick((0, 1, 2.5)) for _ in loops["loop"]]
        for name in ("safety", "service"):
            loops.setdefault(name, [None] * len(loops["loop"]))[0] = None
    pairs["card_cost"] = [dice.pick((0.5, 1, 2)) for _ in pairs["loop"]]


def _add_bounds(dice: Dice, data: Data, focus: str) -> None:
    loops = data["loops"]
    if focus == "minimum" or dice.chance(0.5):
        loops["minimum"] = [dice.pick((None, 0, 2, 3, 5)) for _ in loops["loop"]]
    if focus == "maximum" or dice.chance(0.5):
        least = loops.get("minimum") or [None] * len(loops["loop"])
        loops["maximum"] = [
            value if value is None else max(value, 1 if low is None else low)
            for low, value in ((low, dice.pick((None, 1, 2, 3, 4))) for low in least)
        ]


def _add_current(dice: Dice, data: Data, focus: str) -> None:
    """Draw the cards in force; some loops have none, some a container that is gone."""
    rows = [
        (name, dice.pick((*_menu(data, name), *_menu(data, name), "gone")), dice.pick((0, 1, 2, 3, 5)))
        for name in data["loops"]["loop"]
        if dice.chance(0.8)
    ]
    data["current"] = {
        "loops": {"loop": [r[0] for r in rows], "container": [r[1] for r in rows], "cards": [r[2] for r in rows]},
        "price": dice.pick((0, 0.5, 1, 4)),
    }
    if dice.chance(0.6):
        data["current"]["at_most"] = dice.pick((0, 2, 3, 5, 8))


def _menu(data: Data, name: str) -> list[str]:
    table = data["containers"]
    return [c for loop, c in zip(table["loop"], table["container"], strict=True) if loop == name]


def _add_limits(dice: Dice, data: Data, focus: str) -> None:
    limits = dice.names(("R1", "floor m²", "budget"), int(dice.rng.integers(1, 3)))
    rows = [
        (name, container, limit, dice.pick((1, 1, 2, 0.5, 1.25)))
        for limit in limits
        for name in data["loops"]["loop"]
        for container in dict.fromkeys((None, *_menu(data, name)))
        if dice.chance(0.45)
    ]
    data["limits"] = {"limit": limits, "capacity": [dice.pick((2, 4, 6, 8.5)) for _ in limits]}
    if rows:
        names = ("loop", "container", "limit", "amount")
        data["uses"] = {name: [row[k] for row in rows] for k, name in enumerate(names)}


def _let_pass(dice: Dice, data: Data, instance: Kanban) -> Kanban:
    """Relax what a random plan breaks by just as much, so that limits bind and a plan exists."""
    choice = _any_choice(instance, dice)
    for violation in instance.evaluate(_plan(choice)).violations:
        if violation.rule == "limit":
            row = data["limits"]["limit"].index(violation.members[0])
            data["limits"]["capacity"][row] += violation.short_by
        elif violation.rule == "change":
            data["current"]["at_most"] += round(violation.short_by)
        elif violation.rule == "maximum":
            row = data["loops"]["loop"].index(violation.members[0])
            data["loops"]["maximum"][row] += round(violation.short_by)
    return Kanban.parse(data)


def _count(instance: Kanban) -> int:
    """Return about the number of plans to enumerate."""
    total = 1
    for name, loop in instance.loop_data.items():
        mine = 0
        for key, pair in instance.pairs.items():
            if key[0] == name:
                most = max(instance.needed(*key), loop.minimum, instance.present.get(name, ("", 0))[1])
                reach = (float(loop.mean) + 9 * sqrt(loop.variance)) / float(pair.quantity) if loop.shortage else 0.0
                mine += max(most, ceil(reach)) - max(instance.needed(*key), loop.minimum) + 1
        total *= max(1, mine)
    return total


# --- the form of options -----------------------------------------------------------------------


def _options(dice: Dice) -> Kanban:
    """Draw options with their costs and what they take, capacities around a random choice."""
    names = dice.names(NAMES, int(dice.rng.integers(2, 5)))
    rows = sorted({(name, dice.pick(("c", "d")), dice.pick((0, 1, 2, 3, 7))) for name in names for _ in range(4)})
    data = _head(dice)
    data["options"] = {
        "loop": [r[0] for r in rows],
        "container": [r[1] for r in rows],
        "cards": [r[2] for r in rows],
        "cost": [dice.pick((0, 1, 2, 3.2, 4.5, 8)) for _ in rows],
    }
    limits = dice.names(("R1", "floor m²", "budget"), int(dice.rng.integers(0, 4)))
    uses = [(k, limit, dice.pick((0, 1, 2, 2.5, 3))) for k in range(len(rows)) for limit in limits if dice.chance(0.7)]
    hidden = [dice.pick([k for k, row in enumerate(rows) if row[0] == name]) for name in names]
    room = [sum(amount for k, other, amount in uses if other == limit and k in hidden) for limit in limits]
    slack = dice.pick((0, 0, 0.5, -0.5))
    if limits:
        data["limits"] = {"limit": limits, "capacity": [max(0, value + slack) for value in room]}
    if uses:
        data["uses"] = {name: [use[k] for use in uses] for k, name in enumerate(("option", "limit", "amount"))}
    return Kanban.parse(data)


def _pinched(dice: Dice) -> Kanban:
    """Draw a loop whose two options each overfill one limit, while a half of each would fit.

    Whether the others leave room is left to chance; where the pinch holds only integrality forbids a plan.
    """
    instance = _options(dice)
    data = instance.to_dict()
    table, row = data["options"], len(data["options"]["loop"])
    for container in ("left", "right"):
        for name, value in (("loop", "pinch"), ("container", container), ("cards", 2), ("cost", dice.pick((1, 2)))):
            table[name].append(value)
    limits = data.setdefault("limits", {"limit": [], "capacity": []})
    uses = data.setdefault("uses", {"option": [], "limit": [], "amount": []})
    for side in range(2):
        limits["limit"].append(f"side {side}")
        limits["capacity"].append(dice.pick((1, 1, 1, 2)))
        for name, value in (("option", row + side), ("limit", f"side {side}"), ("amount", 2)):
            uses[name].append(value)
    return Kanban.parse(data)
