"""Tiny heijunka instances with a random mixture of all features, for comparison with enumeration."""

from __future__ import annotations

from math import comb, factorial, prod
from typing import TYPE_CHECKING, Any

from jitopt.generators.small import NAMES, Dice, Judged, draw_until_valid, matters
from jitopt.generators.small_painted import add_paint, before_slot_1, is_painted
from jitopt.problems.heijunka import Heijunka, HeijunkaPlan
from jitopt.problems.heijunka.work import MEASURES

if TYPE_CHECKING:
    from jitopt.problems.base import Violation

__all__ = ["random_small"]

Data = dict[str, Any]

MOST_PLANS = 650
"""No more plans than this meet the demand of a tiny instance."""


FOCUS = (
    ("sequence", "ratio"), ("box", "capacity"), ("sequence", "spacing"), ("box", "ratio"),
    ("sequence", "longest_run"), ("box", "spacing"), ("sequence", "shortest_run"), ("box", "shortest_run"),
    ("sequence", "moves"), ("box", "longest_run"), ("sequence", "frozen"), ("box", "moves"),
    ("sequence", "fixed"), ("box", "frozen"), ("sequence", "term ratio"), ("box", "fixed"),
    ("sequence", "term changeover"), ("box", "term ratio"), ("sequence", "term moves"), ("box", "term changeover"),
    ("sequence", "term usage"), ("box", "term moves"), ("any", ""), ("box", "term usage"),
    ("sequence", "term overload"), ("sequence", "term idle"),
)  # fmt: skip
"""Form of the plan and what is to matter in it, seed by seed in turn: a rule, or a term of the objective."""

THROWS = 12
"""After so many throws an instance is taken even if its focus does not seem to matter."""


def random_small(seed: int) -> Heijunka:
    """Draw a tiny instance; see `jitopt.generators.random_small`."""
    for turn in range(THROWS):
        instance = draw_until_valid(seed, _draw, turn)
        if _matters(instance, FOCUS[seed % len(FOCUS)][1], Dice(seed, turn)):
            break
    return instance


def _matters(instance: Heijunka, focus: str, dice: Dice) -> bool:
    """Tell whether the focus matters among random plans."""
    term = focus.removeprefix("term ") if focus.startswith("term ") else None
    units = [row for row, demand in enumerate(instance.products.demand) for _ in range(demand)]
    orders = {tuple(units[unit] for unit in dice.rng.permutation(len(units)).tolist()) for _ in range(60)}
    plans = []
    for order in sorted(orders):
        found = instance.evaluate(_plan(instance, order))
        reduced = sum(value for name, value in found.terms.items() if not (term and name.startswith(term)))
        broken = frozenset(violation.rule for violation in found.violations)
        plans.append(Judged(found.objective or 0.0, reduced, broken))
    return not focus or matters(focus if term is None else None, plans)


def _plan(instance: Heijunka, rows: tuple[int, ...]) -> HeijunkaPlan:
    """Return the plan that builds these product rows in order, spread evenly over the slots."""
    products = instance.products.product
    if instance.box is None:
        return HeijunkaPlan(sequence=tuple(products[row] for row in rows))
    return _box_plan([(place * instance.slots // len(rows) + 1, products[row]) for place, row in enumerate(rows)])


def _draw(dice: Dice) -> Heijunka:
    form, focus = FOCUS[dice.seed % len(FOCUS)]
    data = _products(dice, form)
    slots = data["box"]["buckets"] if "box" in data else sum(data["products"]["demand"])
    hidden = _hidden(dice, data, slots)
    data["objective"] = []
    crowded = dice.chance(0.3)
    if dice.chance(0.4):
        _add_weights(dice, data)
    if focus == "term usage" or dice.chance(0.35):
        _add_bill(dice, data)
    if focus == "term changeover" or dice.chance(0.4):
        _add_changeovers(dice, data)
    if focus.endswith("ratio") or dice.chance(0.2):
        _add_ratios(dice, data, slots, focus)
    for name in ("spacing", "longest_run", "shortest_run"):
        if focus == name or (crowded and dice.chance(0.5)):
            data["products"][name] = _distances(dice, name, data, focus == name)
    _add_objective(dice, data)
    _add_work(Dice.of(dice), data, focus)
    if focus in ("moves", "frozen", "term moves") or dice.chance(0.25):
        _add_current(dice, data, hidden, slots, focus)
    if focus == "fixed" or (crowded and dice.chance(0.4)):
        _add_fixed(dice, data, hidden)
    if "box" not in data and is_painted(dice.seed):
        add_paint(dice, data)
    if "box" not in data and any(term["term"] == "changeover" for term in data["objective"]):
        data["previous"] = before_slot_1(Dice.of(dice), data["products"]["product"])
    if dice.chance(0.75):
        _let_pass(data, hidden)
    return Heijunka.parse(data)


def _products(dice: Dice, form: str) -> Data:
    """Draw products and form of the plan, few enough to enumerate."""
    boxed = form == "box" or (form == "any" and dice.chance(0.5))
    while True:
        demand = dice.integers(1, 4, int(dice.rng.integers(2, 5)))
        if dice.chance(0.1):
            demand[0] = 0
        data: Data = {"problem": "heijunka", "version": 1, "name": f"small-{dice.seed}"}
        data["products"] = {"product": dice.names(NAMES, len(demand)), "demand": demand}
        units = sum(demand)
        plans = factorial(units) // prod(factorial(d) for d in demand)
        if boxed:
            buckets = int(dice.rng.integers(1, 7))
            level = -(-units // buckets)
            data["box"] = {"buckets": buckets, "capacity": level + dice.pick((0, 0, 1, 2))}
            plans = prod(comb(d + buckets - 1, d) for d in demand)
        if 2 <= plans <= MOST_PLANS and units >= 2:
            return data


def _hidden(dice: Dice, data: Data, slots: int) -> list[tuple[int, str]]:
    """Draw a plan at random, as (slot, product) of every unit."""
    table = data["products"]
    units = [p for p, d in zip(table["product"], table["demand"], strict=True) for _ in range(d)]
    order = dice.rng.permutation(len(units)).tolist()
    return [(place * slots // len(units) + 1, units[unit]) for place, unit in enumerate(order)]


def _add_weights(dice: Dice, data: Data) -> None:
    data["products"]["weight"] = [dice.pick((0, 0.5, 1, 2, 3)) for _ in data["products"]["product"]]


def _add_bill(dice: Dice, data: Data) -> None:
    parts = dice.names(("p", "part 2", "Öse"), int(dice.rng.integers(1, 4)))
    pairs = [(product, part) for part in parts for product in data["products"]["product"] if dice.chance(0.6)]
    pairs = pairs or [(data["products"]["product"][0], parts[0])]
    data["bill"] = {
        "product": [product for product, _ in pairs],
        "part": [part for _, part in pairs],
        "quantity": [dice.pick((0.5, 1, 1, 2, 3)) for _ in pairs],
    }
    used = sorted({part for _, part in pairs})
    if dice.chance(0.5):
        data["parts"] = {"part": used[:1], "weight": [dice.pick((0.5, 2, 4))]}
    data["objective"].append({"term": "usage"})


def _add_ratios(dice: Dice, data: Data, slots: int, focus: str) -> None:
    """Draw ratio rules, the first one hard if that is asked; a window may be longer than the horizon."""
    ratios = dice.names(("r1", "sun roof", "r<3>"), int(dice.rng.integers(1, 3)))
    pairs = [(p, r) for r in ratios for p in data["products"]["product"] if dice.chance(0.55)]
    hard = [dice.chance(0.5) for _ in ratios]
    if focus.endswith("ratio"):
        hard[0] = focus == "ratio"
    data["ratios"] = {
        "ratio": ratios,
        "at_most": dice.integers(0, 2, len(ratios)),
        "in_any": dice.integers(1, min(4, slots + 1), len(ratios)),
        "weight": [dice.pick((0.5, 1, 2)) for _ in ratios],
        "hard": hard,
    }
    data["options"] = {"product": [product for product, _ in pairs], "ratio": [ratio for _, ratio in pairs]}
    if not all(hard):
        data["objective"].append({"term": "ratio"})


def _add_changeovers(dice: Dice, data: Data) -> None:
    """Price changeovers: by pair (self-pairs too, some pairs missing) in a sequence, or 1 each."""
    products = data["products"]["product"]
    pairs = [(a, b) for a in products for b in products if dice.chance(0.75 if a != b else 0.15)]
    if pairs and "box" not in data and dice.chance(0.7):
        data["changeovers"] = {
            "before": [a for a, _ in pairs],
            "after": [b for _, b in pairs],
            "cost": [dice.pick((0, 1, 2, 3.5, 5)) for _ in pairs],
        }
    data["objective"].append({"term": "changeover"})


def _distances(dice: Dice, name: str, data: Data, sure: bool) -> list[int | None]:
    """Draw a column of spacing or run lengths, one entry that binds for sure if that is asked."""
    values = {"spacing": (2, 2, 3), "longest_run": (1, 1, 2), "shortest_run": (2, 2, 3)}[name]
    demand = data["products"]["demand"]
    column = [dice.pick(values) if dice.chance(0.5) else dice.pick((None, 1)) for _ in demand]
    if name == "longest_run":
        column = [value if value is None or dice.chance(0.8) else value + 1 for value in column]
    if sure:
        column[demand.index(max(demand))] = values[0]
    return column


def _add_objective(dice: Dice, data: Data) -> None:
    """Draw measures and weights; the rate term is usual, one term may appear with two measures."""
    measures = ("sum_squared", "sum_absolute", "max_squared", "max_absolute")
    terms = data["objective"]
    if not terms or dice.chance(0.55):
        terms.append({"term": "rate"})
    for term in terms:
        term["measure"] = dice.pick((*measures, "sum_violated") if term["term"] == "ratio" else measures)
        term["weight"] = dice.pick((0.1, 0.5, 1, 1, 2, 5))
    if dice.chance(0.2):
        twice = dict(dice.pick(tuple(terms)))
        twice["measure"] = "max_absolute" if twice["measure"] != "max_absolute" else "sum_absolute"
        terms.append(twice)
    data["objective"] = [terms[row] for row in dice.rng.permutation(len(terms)).tolist()]


def _add_work(dice: Dice, data: Data, focus: str) -> None:
    """Draw stations with overload and idle time priced, in some sequences; by dice of their own."""
    words = [word for word in ("overload", "idle") if focus == f"term {word}" or dice.chance(0.4)]
    if "box" in data or not (focus in ("term overload", "term idle") or (words and dice.chance(0.25))):
        return
    stations = dice.names(("left", "K 2", "<b>"), int(dice.rng.integers(1, 4)))
    takt = dice.pick((2, 2.5, 3))
    pairs = [(product, station) for station in stations for product in data["products"]["product"]]
    pairs = [pair for pair in pairs if dice.chance(0.85)]
    data["takt"] = takt
    data["stations"] = {"station": stations, "length": [takt + dice.pick((0, 0.5, 1, 2.1)) for _ in stations]}
    if dice.chance(0.5):
        data["stations"]["weight"] = [dice.pick((0, 0.5, 1, 3)) for _ in stations]
    data["work"] = {
        "product": [product for product, _ in pairs],
        "station": [station for _, station in pairs],
        "minutes": [dice.pick((0, 0.5, 1, 2, 2.3, 3, 3.5, 4, 6)) for _ in pairs],
    }
    for word in words:
        measures = MEASURES[word] if dice.chance(0.3) else (dice.pick(MEASURES[word]),)
        weight = dice.pick((0.5, 1, 2, 5))
        data["objective"] += [{"term": word, "measure": measure, "weight": weight} for measure in measures]


def _add_current(dice: Dice, data: Data, hidden: list[tuple[int, str]], slots: int, focus: str) -> None:
    """Draw a current plan that need not meet the demand, with price, cap and frozen slots."""
    products = data["products"]["product"]
    frozen = int(dice.rng.integers(1, min(3, slots) + 1)) if focus == "frozen" or dice.chance(0.25) else 0
    loyal = dice.chance(0.8)
    units = [
        (slot, product if loyal and (slot <= frozen or dice.chance(0.5)) else dice.pick(tuple(products)))
        for slot, product in hidden
    ]
    current: Data = {"price": dice.pick((0.5, 1, 2, 10) if focus == "term moves" else (0, 0, 0.5, 2))}
    if focus == "moves" or dice.chance(0.35):
        current["at_most"] = int(dice.rng.integers(0, 3))
    if "box" in data:
        counts: dict[tuple[int, str], int] = {}
        for unit in units:
            counts[unit] = counts.get(unit, 0) + 1
        current["buckets"] = {
            "bucket": [bucket for bucket, _ in counts],
            "product": [product for _, product in counts],
            "quantity": list(counts.values()),
        }
    else:
        length = len(units) + int(dice.rng.integers(-1, 2))
        sequence = [product for _, product in units] + [dice.pick(tuple(products))]
        current["sequence"] = sequence[: max(length, frozen, 1)]
    data["current"] = current
    if frozen:
        data["frozen"] = frozen


def _add_fixed(dice: Dice, data: Data, hidden: list[tuple[int, str]]) -> None:
    loyal = dice.chance(0.85)
    rows = {}
    for _ in range(int(dice.rng.integers(1, 3))):
        slot, product = dice.pick(tuple(hidden))
        rows[slot, product if loyal else dice.pick(tuple(data["products"]["product"]))] = True
    data["fixed"] = {"position": [slot for slot, _ in rows], "product": [product for _, product in rows]}


def _let_pass(data: Data, hidden: list[tuple[int, str]]) -> None:
    """Relax what the hidden plan breaks by just as much, so that limits bind and a plan exists."""
    instance = Heijunka.parse(data)
    plan = _box_plan(hidden) if instance.box else HeijunkaPlan(sequence=tuple(product for _, product in hidden))
    for violation in instance.evaluate(plan).violations:
        _relax(data, violation)


def _box_plan(units: list[tuple[int, str]]) -> HeijunkaPlan:
    return HeijunkaPlan.model_validate(
        {"buckets": [{"bucket": slot, "product": product, "quantity": 1} for slot, product in units]}
    )


def _relax(data: Data, violation: Violation) -> None:
    amount = round(violation.short_by)
    if violation.rule == "capacity":
        data["box"]["capacity"] += amount
    elif violation.rule == "moves":
        data["current"]["at_most"] += amount
    elif violation.rule == "ratio":
        data["ratios"]["at_most"][data["ratios"]["ratio"].index(violation.members[0])] += amount
    elif violation.rule in ("spacing", "longest_run", "shortest_run"):
        row = data["products"]["product"].index(violation.members[0])
        data["products"][violation.rule][row] += amount if violation.rule == "longest_run" else -amount
