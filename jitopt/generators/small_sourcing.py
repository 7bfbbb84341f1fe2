"""Tiny sourcing instances with a random mixture of all features, for comparison with enumeration."""

from __future__ import annotations

from math import ceil, floor
from typing import TYPE_CHECKING, Any

from jitopt.generators.small import NAMES, Dice, Judged, draw_until_valid, matters
from jitopt.problems.sourcing import Sourcing, SourcingPlan

if TYPE_CHECKING:
    from jitopt.problems.base import Violation

__all__ = ["random_small"]

Data = dict[str, Any]

MOST_CELLS = 6
"""No more (supplier, part, period) triples than this in a tiny instance."""


FOCUS = (
    "share_at_most", "term discounts supplier", "part_suppliers_at_most", "capacity", "switches", "term holding",
    "suppliers_at_most", "quote_capacity", "term discounts incremental", "minimum", "storage", "share_at_least",
    "term ordering", "required", "defects", "term supplier_fixed", "multiple", "term discounts all_units", "late",
    "term switching", "part_suppliers_at_least", "term link_fixed", "suppliers_at_least", "term defects",
    "term lateness", "maximum", "share_at_most packs", "defects packs", "suppliers_at_least any",
)  # fmt: skip
"""What is to matter, seed by seed in turn: a rule, or a term of the objective.

A second word says how: ratio rules with quotes in packs, so that more than the demand must be
ordered; a least number of suppliers whose orders may have any size.
"""

THROWS = 20
"""After so many throws an instance is taken even if its focus does not seem to matter."""


def random_small(seed: int) -> Sourcing:
    """Draw a tiny instance; see `jitopt.generators.random_small`."""
    for turn in range(THROWS):
        instance = draw_until_valid(seed, _draw, turn)
        if _matters(instance, FOCUS[seed % len(FOCUS)], Dice(seed, turn)):
            break
    return instance


def _matters(instance: Sourcing, focus: str, dice: Dice) -> bool:
    """Tell whether the focus matters among random plans."""
    data = instance.to_dict()
    term = focus.removeprefix("term ") if focus.startswith("term ") else None
    plain = instance.replace(discounts=None)
    drawn = (SourcingPlan.model_validate({"orders": _orders(dice, data, dice.chance(0.8))}) for _ in range(40))
    plans = []
    for plan in {str(plan): plan for plan in drawn}.values():
        found = instance.evaluate(plan)
        reduced = sum(value for name, value in found.terms.items() if name != term)
        if term and term.startswith("discounts"):
            reduced = plain.evaluate(plan).objective or 0.0
        broken = frozenset(violation.rule for violation in found.violations)
        plans.append(Judged(found.objective or 0.0, reduced, broken))
    return matters(focus.partition(" ")[0] if term is None else None, plans)


def _draw(dice: Dice) -> Sourcing:
    focus = FOCUS[dice.seed % len(FOCUS)].removeprefix("term ")
    data = _links(dice)
    _add_terms(dice, data, focus)
    hidden = _orders(dice, data, True)
    for add, share, features in (
        (_add_breaks, 0.35, ("discounts",)),
        (_add_capacities, 0.25, ("capacity", "quote_capacity")),
        (_add_stock, 0.35, ("holding", "storage")),
        (_add_shares, 0.2, ("share_at_least", "share_at_most")),
        (_add_quality, 0.2, ("defects", "late", "lateness")),
        (_add_part_limits, 0.25, ("part_suppliers_at_most", "part_suppliers_at_least", "defects", "late")),
        (_add_counts, 0.2, ("suppliers_at_least", "suppliers_at_most")),
        (_add_award, 0.25, ("switches", "switching")),
        (_add_required, 0.15, ("required",)),
    ):
        if focus.startswith(features) or dice.chance(share):
            add(dice, data, focus)
    if dice.chance(0.6):
        _let_pass(data, hidden)
    return Sourcing.parse(data)


def _links(dice: Dice) -> Data:
    """Draw suppliers, parts, periods and who quotes what, few enough to enumerate."""
    while True:
        suppliers = dice.names(NAMES, int(dice.rng.integers(2, 4)))
        parts = dice.names(("p", "part 2", "Öse", "0"), int(dice.rng.integers(1, 3)))
        periods = int(dice.rng.integers(1, 4))
        pairs = [(s, p) for s in suppliers for p in parts if dice.chance(0.75)]
        if {p for _, p in pairs} == set(parts) and 2 <= len(pairs) * periods <= MOST_CELLS:
            break
    rows = [(p, t) for p in parts for t in range(1, periods + 1) if t == periods or dice.chance(0.8)]
    halves = dice.chance(0.25)
    return {
        "problem": "sourcing",
        "version": 1,
        "name": f"small-{dice.seed}",
        "suppliers": {"supplier": suppliers},
        "parts": {
            "part": [part for part, _ in rows],
            "period": [period for _, period in rows],
            "demand": [dice.pick((0, 1, 2, 3, 4, 5)) + (0.5 if halves else 0) for _ in rows],
        },
        "quotes": {
            "supplier": [supplier for supplier, _ in pairs],
            "part": [part for _, part in pairs],
            "price": [dice.pick((1, 2, 3, 4, 5, 2.5, 3.2, 10)) for _ in pairs],
        },
    }


def _add_terms(dice: Dice, data: Data, focus: str) -> None:
    """Draw the terms of the quotes: in some instances all come in packs, in others some or none."""
    quotes = data["quotes"]
    count = len(quotes["price"])
    packs = 0.7 if focus == "multiple" or focus.endswith("packs") else dice.pick((1.0, 0.5, 0.0))
    quotes["multiple"] = [dice.pick((1, 2, 2, 3, 0.5)) if dice.chance(packs) else None for _ in range(count)]
    for name, values, feature in (
        ("minimum", (None, 1, 2, 3, 2.5), "minimum"),
        ("maximum", (None, 2, 3, 4, 4.5), "maximum"),
        ("fixed_cost", (0, 1, 3, 6), "link_fixed"),
        ("order_cost", (0, 1, 2.5, 4), "ordering"),
    ):
        share = 0.1 if name == "maximum" else 0.35
        if focus == feature or (name == "minimum" and focus.endswith("at_least")) or dice.chance(share):
            quotes[name] = [dice.pick(values) for _ in range(count)]
    if focus == "supplier_fixed" or dice.chance(0.35):
        data["suppliers"]["fixed_cost"] = [dice.pick((0, 2, 5, 9)) for _ in data["suppliers"]["supplier"]]


def _orders(dice: Dice, data: Data, thrifty: bool) -> list[dict[str, Any]]:
    """Draw orders that meet the demand: each need from one random quote or two, early by chance.

    thrifty: the needs of a part are taken from few quotes, drawn once.
    """
    quotes, table = data["quotes"], data["parts"]
    given = data.get("stock") or {"part": []}
    start = dict(zip(given["part"], given.get("initial") or [0] * len(given["part"]), strict=True))
    stock = {part: start.get(part, 0) for part in table["part"]}
    offers = {part: [r for r, other in enumerate(quotes["part"]) if other == part] for part in stock}
    favourites = {part: [dice.pick(rows), dice.pick(rows)] for part, rows in offers.items()}
    minimum = quotes.get("minimum") or [None] * len(quotes["part"])
    multiples = quotes.get("multiple") or [None] * len(quotes["part"])
    orders = []
    for part, period, demand in sorted(zip(*table.values(), strict=True), key=lambda row: row[1]):
        stock[part] -= demand
        while stock[part] < 0:
            row = dice.pick(favourites[part] if thrifty else offers[part])
            size = max(-stock[part] if dice.chance(0.75) else dice.pick((1, 2, 3, 5, 8)), minimum[row] or 0)
            size = ceil(size / multiples[row]) * multiples[row] if multiples[row] else size
            early = max(1, period - 1) if dice.chance(0.3) else period
            orders.append({"supplier": quotes["supplier"][row], "part": part, "period": early, "quantity": size})
            stock[part] += size
    return orders


def _add_breaks(dice: Dice, data: Data, focus: str) -> None:
    """Draw price breaks, of each supplier on its total or on single parts; some start at 0."""
    quotes = data["quotes"]
    rows: list[tuple[str, str | None, float, float, str]] = []
    for supplier in dict.fromkeys(quotes["supplier"]):
        parts = [p for s, p in zip(quotes["supplier"], quotes["part"], strict=True) if s == supplier]
        whole = dice.chance(0.4) if not focus.startswith("discounts") else focus.endswith("supplier")
        for scope in [None] if whole else parts:
            if dice.chance(0.3):
                continue
            kind = "all_units" if whole else dice.pick(("all_units", "incremental"))
            if focus.startswith("discounts") and not whole:
                kind = focus.removeprefix("discounts ")
            starts = sorted({dice.pick((0, 1, 2, 3, 4, 5, 6, 8, 2.5)) for _ in range(2)})
            factors = sorted((dice.pick((1.1, 1, 0.9, 0.8, 0.5, 0.75)) for _ in starts), reverse=True)
            factors = [factor if start == 0 else min(factor, 1) for start, factor in zip(starts, factors, strict=True)]
            rows += ((supplier, scope, start, factor, kind) for start, factor in zip(starts, factors, strict=True))
    if rows:
        names = ("supplier", "part", "from_quantity", "factor", "kind")
        data["discounts"] = {name: [row[column] for row in rows] for column, name in enumerate(names)}


def _add_capacities(dice: Dice, data: Data, focus: str) -> None:
    if focus == "capacity" or dice.chance(0.6):
        data["suppliers"]["capacity"] = [dice.pick((None, 2, 4, 5, 6)) for _ in data["suppliers"]["supplier"]]
    if focus == "quote_capacity" or dice.chance(0.5):
        data["quotes"]["capacity"] = [dice.pick((None, 2, 3, 4, 6)) for _ in data["quotes"]["price"]]


def _add_stock(dice: Dice, data: Data, focus: str) -> None:
    parts = [part for part in dict.fromkeys(data["parts"]["part"]) if dice.chance(0.85)]
    table: Data = {"part": parts}
    for name, values in (
        ("initial", (0, 0, 1, 2, 2.5)),
        ("holding_cost", (0, 0.5, 1, 2)),
        ("storage", (None, 3, 4, 6, 8)),
    ):
        if name.startswith(focus) or dice.chance(0.5):
            table[name] = [dice.pick(values) for _ in parts]
    if parts:
        data["stock"] = table


def _add_shares(dice: Dice, data: Data, focus: str) -> None:
    quotes = data["quotes"]
    rows: list[tuple[str, str | None, float | None, float | None]] = []
    for part in dict.fromkeys(quotes["part"]):
        suppliers = [s for s, p in zip(quotes["supplier"], quotes["part"], strict=True) if p == part]
        if len(suppliers) < 2:
            continue
        if focus.startswith("share_at_most") or dice.chance(0.6):
            rows.append((part, None, dice.pick((None, 0.2, 0.3)), dice.pick((None, 0.5, 0.6, 0.75))))
        if focus == "share_at_least" or dice.chance(0.6):
            supplier = dice.pick(suppliers)
            rows.append((part, supplier, dice.pick((None, 0.1, 0.25, 0.4)), dice.pick((None, 0.5, 0.8))))
    if rows:
        names = ("part", "supplier", "at_least", "at_most")
        data["shares"] = {name: [row[column] for row in rows] for column, name in enumerate(names)}


def _add_quality(dice: Dice, data: Data, focus: str) -> None:
    data["quotes"]["defects"] = [dice.pick((0, 0.01, 0.05, 0.1)) for _ in data["quotes"]["price"]]
    data["suppliers"]["on_time"] = [dice.pick((1, 0.9, 0.75, 0.5)) for _ in data["suppliers"]["supplier"]]
    if focus == "defects" or dice.chance(0.5):
        data["defect_cost"] = dice.pick((5, 20, 60))
    if focus == "lateness" or dice.chance(0.5):
        data["late_cost"] = dice.pick((1, 3, 8))


def _add_part_limits(dice: Dice, data: Data, focus: str) -> None:
    """Draw limits per part."""
    quotes = data["quotes"]
    offers = {part: quotes["part"].count(part) for part in dict.fromkeys(quotes["part"])}
    table: Data = {"part": list(offers)}
    if focus == "part_suppliers_at_most" or dice.chance(0.4):
        table["suppliers_at_most"] = [dice.pick((None, 1, 1, 2)) for _ in offers]
    if focus == "part_suppliers_at_least" or dice.chance(0.3):
        table["suppliers_at_least"] = [dice.pick((None, 1, 2)) if count >= 2 else None for count in offers.values()]
    if "defects" in quotes and (focus.startswith(("defects", "late")) or dice.chance(0.5)):
        table["defects_at_most"] = [dice.pick((None, 0.01, 0.02, 0.05)) for _ in offers]
        table["late_at_most"] = [dice.pick((None, 0.1, 0.2, 0.3)) for _ in offers]
    data["part_limits"] = table


def _add_counts(dice: Dice, data: Data, focus: str) -> None:
    if focus == "suppliers_at_most" or dice.chance(0.5):
        data["suppliers_at_most"] = dice.pick((1, 1, 2))
    if focus.startswith("suppliers_at_least") or dice.chance(0.5):
        data["suppliers_at_least"] = dice.pick((1, 2))


def _add_award(dice: Dice, data: Data, focus: str) -> None:
    """Draw a current award, which may name pairs that are no longer quoted."""
    pairs = [(s, p) for s in data["suppliers"]["supplier"] for p in dict.fromkeys(data["parts"]["part"])]
    award = [pair for pair in pairs if dice.chance(0.4)]
    data["current"] = {
        "award": {"supplier": [s for s, _ in award], "part": [p for _, p in award]},
        "price": dice.pick((1, 4, 10) if focus == "switching" else (0, 1, 4)),
    }
    if focus == "switches" or dice.chance(0.5):
        data["current"]["at_most"] = dice.pick((0, 1, 1, 2))


def _add_required(dice: Dice, data: Data, focus: str) -> None:
    quotes = data["quotes"]
    rows: dict[tuple[str, str | None], float] = {}
    for _ in range(int(dice.rng.integers(1, 3))):
        row = int(dice.rng.integers(len(quotes["part"])))
        rows[quotes["supplier"][row], dice.pick((None, quotes["part"][row]))] = dice.pick((1, 2, 3, 4.5))
    data["required"] = {
        "supplier": [supplier for supplier, _ in rows],
        "part": [part for _, part in rows],
        "at_least": list(rows.values()),
    }


# --- a plan exists, just so --------------------------------------------------------------------


def _let_pass(data: Data, hidden: list[dict[str, Any]]) -> None:
    """Relax what the hidden plan breaks by just as much, so that limits bind and a plan exists."""
    plan = SourcingPlan.model_validate({"orders": hidden})
    for violation in Sourcing.parse(data).evaluate(plan).violations:
        _relax(data, violation)


def _relax(data: Data, violation: Violation) -> None:
    """Move the limit of a broken rule to where the plan is."""
    rule, members, amount = violation.rule, violation.members, violation.short_by
    first, second = (*members, None, None)[:2]
    if rule == "capacity":
        _shift(data["suppliers"], {"supplier": first}, rule, amount)
    elif rule == "quote_capacity":
        _shift(data["quotes"], {"supplier": first, "part": second}, "capacity", amount)
    elif rule == "maximum":
        _shift(data["quotes"], {"supplier": first, "part": second}, rule, amount)
    elif rule == "storage":
        _shift(data["stock"], {"part": first}, rule, amount)
    elif rule == "share_at_least":
        _shift(data["shares"], {"part": first, "supplier": second}, "at_least", -amount)
    elif rule == "share_at_most":
        _shift(data["shares"], {"part": first, "supplier": second}, "at_most", amount)
    elif rule == "required":
        _shift(data["required"], {"supplier": first, "part": second}, "at_least", -amount)
    elif rule in ("defects", "late"):
        _shift(data["part_limits"], {"part": first}, f"{rule}_at_most", amount)
    elif rule.startswith("part_suppliers"):
        sign = 1 if rule.endswith("most") else -1
        _shift(data["part_limits"], {"part": first}, rule.removeprefix("part_"), sign * amount)
    elif rule.startswith("suppliers"):
        data[rule] += round(amount) if rule.endswith("most") else -round(amount)
    elif rule == "switches":
        data["current"]["at_most"] += round(amount)


def _shift(table: Data, key: dict[str, str | None], column: str, amount: float) -> None:
    """Change one entry of a table by `amount`: counts stay whole, other numbers keep three decimals."""
    row = list(zip(*(table[name] for name in key), strict=True)).index(tuple(key.values()))
    value = table[column][row] + amount
    if column.startswith("suppliers"):
        table[column][row] = round(value)
    else:
        table[column][row] = (ceil(value * 1000 - 1e-6) if amount > 0 else floor(value * 1000 + 1e-6)) / 1000
