"""Tiny heijunka boxes with days, due dates, minutes, packs and the terms volume and epei, for enumeration."""

from __future__ import annotations

from math import comb, prod
from typing import Any

from jitopt.generators.small import NAMES, Dice, Judged, draw_until_valid, matters
from jitopt.problems.heijunka import Heijunka, HeijunkaPlan

__all__ = ["random_small_box"]

Data = dict[str, Any]

MOST_PLANS = 900
"""No more plans than this meet the demand of a tiny box."""

FOCUS = ("due", "minutes", "pack", "term volume", "term epei", "term changeover")
"""What is to matter, seed by seed in turn: a rule, or a term of the objective."""

THROWS = 12
"""After so many throws an instance is taken even if its focus does not seem to matter."""

MEASURES = ("sum_squared", "sum_absolute", "max_squared", "max_absolute")


def random_small_box(seed: int) -> Heijunka:
    """Draw a tiny box with a random mixture of all features, feasible or not.

    seed: an integer >= 0. Beside days, due dates, opening stock, minutes, changeovers, packs, what was in the
    bucket before, and the terms volume and epei it may have what any box has: rates, usage, ratio rules,
    spacing, runs, a current plan, frozen and fixed buckets.
    """
    for turn in range(THROWS):
        instance = draw_until_valid(seed, _draw, turn)
        if _matters(instance, FOCUS[seed % len(FOCUS)], Dice(seed, turn)):
            break
    return instance


def _matters(instance: Heijunka, focus: str, dice: Dice) -> bool:
    term = focus.removeprefix("term ") if focus.startswith("term ") else None
    plans = []
    for _ in range(60):
        found = instance.evaluate(_plan(_placed(dice, instance.to_dict())))
        reduced = sum(value for name, value in found.terms.items() if not (term and name.startswith(term)))
        broken = frozenset(violation.rule for violation in found.violations)
        plans.append(Judged(found.objective or 0.0, reduced, broken))
    return matters(focus if term is None else None, plans)


def _draw(dice: Dice) -> Heijunka:
    focus = FOCUS[dice.seed % len(FOCUS)]
    data = _products(dice, focus)
    hidden = _placed(dice, data)
    slots: int = data["box"]["buckets"]
    if focus == "due" or dice.chance(0.6):
        _add_days(dice, data, hidden)
    if focus == "minutes" or dice.chance(0.5):
        _add_minutes(dice, data)
    if dice.chance(0.4):
        names = data["products"]["product"]
        data["previous"] = [name for name in names if dice.chance(0.5)]
    if dice.chance(0.5):
        data["products"]["weight"] = [dice.pick((0, 0.5, 1, 2, 3)) for _ in data["products"]["product"]]
    _add_rest(dice, data, hidden, slots)
    _add_objective(dice, data, focus)
    if dice.chance(0.6):
        _let_pass(data, hidden)
    return Heijunka.parse(data)


def _products(dice: Dice, focus: str) -> Data:
    """Draw products, packs and buckets, few enough to enumerate."""
    while True:
        count = int(dice.rng.integers(2, 4))
        packs = [dice.pick((1, 2, 2, 3) if focus == "pack" or dice.chance(0.4) else (1,)) for _ in range(count)]
        demand = [pack * int(dice.rng.integers(1, 4)) for pack in packs]
        if dice.chance(0.1):
            demand[0] = 0
        days = int(dice.rng.integers(1, 4))
        slots = days * int(dice.rng.integers(1, 4))
        # All plans are enumerated, those with part packs too.
        plans = prod(comb(d + slots - 1, d) for d in demand)
        if 2 <= plans <= MOST_PLANS and sum(demand) >= 2 and slots >= 2:
            break
    data: Data = {"problem": "heijunka", "version": 1, "name": f"small-box-{dice.seed}"}
    data["products"] = {"product": dice.names(NAMES, count), "demand": demand}
    if max(packs) > 1:
        data["products"]["pack"] = [pack if pack > 1 else dice.pick((1, None)) for pack in packs]
    data["box"] = {"buckets": slots, "capacity": -(-sum(demand) // slots) + dice.pick((0, 1, 2)), "days": days}
    return data


def _placed(dice: Dice, data: Data) -> list[tuple[int, str, int]]:
    """Return a random plan: (bucket, product, units), a pack each."""
    table, slots = data["products"], data["box"]["buckets"]
    packs = [pack or 1 for pack in table.get("pack", [1] * len(table["product"]))]
    found = []
    for product, demand, pack in zip(table["product"], table["demand"], packs, strict=True):
        found += [(int(dice.rng.integers(1, slots + 1)), product, pack) for _ in range(demand // pack)]
    return found


def _plan(placed: list[tuple[int, str, int]]) -> HeijunkaPlan:
    rows = [{"bucket": bucket, "product": product, "quantity": units} for bucket, product, units in placed]
    return HeijunkaPlan.model_validate({"buckets": rows})


def _add_days(dice: Dice, data: Data, hidden: list[tuple[int, str, int]]) -> None:
    """Let the hidden plan's units be due on the day they are built, or later; some a little earlier."""
    days, slots = data["box"]["days"], data["box"]["buckets"]
    due: dict[tuple[str, int], int] = {}
    for bucket, product, units in hidden:
        day = (bucket - 1) * days // slots + 1
        day = min(days, max(1, day + dice.pick((0, 0, 0, 1, -1))))
        due[product, day] = due.get((product, day), 0) + units
    for product, demand in zip(data["products"]["product"], data["products"]["demand"], strict=True):
        if not demand and dice.chance(0.5):
            due[product, 1] = 0
    keys = sorted(due)
    data["demands"] = {
        "product": [product for product, _ in keys],
        "day": [day for _, day in keys],
        "quantity": [due[key] for key in keys],
    }
    if dice.chance(0.4):
        data["products"]["stock"] = [dice.pick((0, 0, 1, 2)) for _ in data["products"]["product"]]
    if dice.chance(0.5):
        del data["products"]["demand"]


def _add_minutes(dice: Dice, data: Data) -> None:
    names = data["products"]["product"]
    if dice.chance(0.8):
        data["products"]["minutes"] = [dice.pick((0.5, 1, 1, 1.5, 2)) for _ in names]
    if "minutes" not in data["products"] or dice.chance(0.7):
        data["products"]["setup"] = [dice.pick((0, 0.25, 1, 2)) for _ in names]
    mean = data["box"]["capacity"] * dice.pick((0.8, 1, 1.3))
    data["box"]["minutes"] = round(mean + dice.pick((0, 0.5, 1)), 2)


def _add_rest(dice: Dice, data: Data, hidden: list[tuple[int, str, int]], slots: int) -> None:
    """Now and then what any box may have."""
    names = data["products"]["product"]
    if dice.chance(0.25):
        data["bill"] = {"product": names[:2], "part": ["part 2"] * 2, "quantity": [dice.pick((0.5, 1, 2)), 1]}
    if dice.chance(0.25):
        data["ratios"] = {"ratio": ["r<3>"], "at_most": [dice.pick((1, 2, 3))], "in_any": [dice.pick((1, 2))]}
        data["ratios"]["hard"] = [dice.chance(0.6)]
        data["options"] = {"product": names[:1], "ratio": ["r<3>"]}
    for name, value in (("spacing", 2), ("longest_run", 1), ("shortest_run", 2)):
        if dice.chance(0.12):
            data["products"][name] = [value if dice.chance(0.5) else None for _ in names]
    if dice.chance(0.3):
        _add_current(dice, data, hidden, slots)
    if dice.chance(0.12):
        bucket, product, _ = hidden[0]
        data["fixed"] = {"position": [bucket], "product": [product]}


def _add_current(dice: Dice, data: Data, hidden: list[tuple[int, str, int]], slots: int) -> None:
    counts: dict[tuple[int, str], int] = {}
    for bucket, product, units in hidden:
        place = (bucket if dice.chance(0.7) else int(dice.rng.integers(1, slots + 1)), product)
        counts[place] = counts.get(place, 0) + units
    data["current"] = {
        "buckets": {
            "bucket": [bucket for bucket, _ in counts],
            "product": [product for _, product in counts],
            "quantity": list(counts.values()),
        },
        "price": dice.pick((0, 0.5, 2)),
    }
    if dice.chance(0.3):
        data["current"]["at_most"] = int(dice.rng.integers(0, 4))
    if dice.chance(0.35):
        data["frozen"] = 1


def _add_objective(dice: Dice, data: Data, focus: str) -> None:
    words = [word for word in ("volume", "epei", "rate", "changeover") if dice.chance(0.45)]
    if focus.startswith("term "):
        words.append(focus.removeprefix("term "))
    if "bill" in data:
        words.append("usage")
    if "ratios" in data and not all(data["ratios"]["hard"]):
        words.append("ratio")
    words = list(dict.fromkeys(words)) or ["rate"]
    terms = [
        {"term": word, "measure": dice.pick(MEASURES), "weight": dice.pick((0.1, 0.5, 1, 1, 2, 5))} for word in words
    ]
    if dice.chance(0.2):
        twice = dict(dice.pick(tuple(terms)))
        twice["measure"] = "max_absolute" if twice["measure"] != "max_absolute" else "sum_absolute"
        terms.append(twice)
    data["objective"] = [terms[row] for row in dice.rng.permutation(len(terms)).tolist()]


def _let_pass(data: Data, hidden: list[tuple[int, str, int]]) -> None:
    """Relax what the hidden plan breaks by just as much, so that limits bind and a plan exists."""
    for violation in Heijunka.parse(data).evaluate(_plan(hidden)).violations:
        amount = violation.short_by
        row = data["products"]["product"].index(violation.members[0]) if violation.rule in COLUMNS else 0
        if violation.rule == "capacity":
            data["box"]["capacity"] += round(amount)
        elif violation.rule == "minutes":
            data["box"]["minutes"] += amount
        elif violation.rule == "moves":
            data["current"]["at_most"] += round(amount)
        elif violation.rule == "ratio":
            data["ratios"]["at_most"][0] += round(amount)
        elif violation.rule == "due":
            column = data["products"].setdefault("stock", [0] * len(data["products"]["product"]))
            column[row] += round(amount)
        elif violation.rule in COLUMNS:
            data["products"][violation.rule][row] += (
                round(amount) if violation.rule == "longest_run" else -round(amount)
            )


COLUMNS = ("due", "spacing", "longest_run", "shortest_run")
"""Rules of single products."""
