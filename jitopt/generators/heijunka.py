"""Heijunka instances built around a hidden level plan."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from jitopt.errors import InputError
from jitopt.generators.heijunka_box import add_box, check_box
from jitopt.problems.heijunka import Heijunka, HeijunkaPlan

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    Array = NDArray[np.int64]

__all__ = ["equal_demand_optimum", "generate"]

Options = dict[str, Any]
Data = dict[str, Any]


class Hidden:
    """The hidden plan: unit u is of product `row[u]` and stands in slot `slot[u]` (from 0)."""

    def __init__(self, row: Array, slot: Array, slots: int) -> None:
        self.row = row
        self.slot = slot
        self.slots = slots

    def loads(self, rows: Iterable[int]) -> Array:
        """Return the units of some products in each slot."""
        chosen = np.isin(self.row, list(rows))
        return np.bincount(self.slot[chosen], minlength=self.slots)

    def built(self, row: int) -> Array:
        """Return the slots that build a product, ascending."""
        return np.unique(self.slot[self.row == row])

    def largest_window(self, rows: Iterable[int], in_any: int) -> int:
        """Return the most units of some products in any window of `in_any` slots."""
        sums = np.concatenate(([0], np.cumsum(self.loads(rows))))
        return int((sums[in_any:] - sums[:-in_any]).max())


def generate(seed: int, options: Options) -> Heijunka:
    """Generate an instance; see `jitopt.generators.generate` for seed and options.

    Raises
    ------
    InputError
        For options that contradict each other.
    """
    _check(options)
    rng = np.random.default_rng(seed)
    demand = _demand(rng, options)
    hidden = _hidden(rng, options, demand)
    names = [f"P{row + 1}" for row in range(len(demand))]
    data: Data = {
        "problem": "heijunka",
        "version": 1,
        "name": f"generated-{options['products']}x{options['units']}-{seed}",
        "source": f"generated, seed {seed}",
        "products": {"product": names, "demand": [int(d) for d in demand]},
        "objective": _objective(options["objective"]),
    }
    if options["buckets"]:
        fullest = int(np.bincount(hidden.slot, minlength=hidden.slots).max())
        data["box"] = {"buckets": hidden.slots, "capacity": fullest + options["headroom"]}
    _add_weights(rng, options, data)
    _add_bill(rng, options, data)
    _add_ratios(rng, options, data, hidden)
    _add_distances(rng, options, data, hidden)
    _add_changeovers(rng, options, data)
    _add_current(rng, options, data, hidden)
    _add_work(rng, options, data, demand)
    add_box(rng, options, data, hidden)
    instance = Heijunka.parse(data)
    return _with_known(instance, hidden) if options["known"] else instance


def _check(options: Options) -> None:
    for name in ("bill_density", "option_share", "hard", "spacing", "runs", "changeovers", "changes"):
        if options[name] > 1:
            raise InputError(f"the option {name} is a share, at most 1", value=options[name], remedy="correct it")
    if not 1 <= options["products"] <= options["units"]:
        raise InputError(
            "products and units must be at least 1, and every product needs a unit",
            value=options["units"],
            remedy="raise units or lower products",
        )
    if options["mix"] not in ("even", "random", "skewed"):
        raise InputError("the option mix must be even, random or skewed", value=options["mix"], remedy="correct it")
    slots = options["buckets"] or options["units"]
    if options["frozen"] > slots or options["fixed"] > slots:
        raise InputError(f"there are only {slots} slots to freeze or fix", remedy="lower frozen and fixed")
    if options["buckets"] and options["stations"]:
        raise InputError("stations need a sequence", remedy="set buckets or stations to 0")
    if not (0 < options["station_load"] <= 1.5 and options["work_spread"] <= 1):
        raise InputError(
            "station_load is above 0 to 1.5, work_spread a share of at most 1",
            value=f"{options['station_load']:g}, {options['work_spread']:g}",
            remedy="correct them",
        )
    if options["buckets"] and options["changeovers"]:
        raise InputError("changeover costs need a sequence", remedy="set buckets or changeovers to 0")
    check_box(options)


def _objective(text: str) -> list[dict[str, Any]]:
    """Read "term:measure:weight, ..."; measure and weight may be left out."""
    rows = []
    for entry in text.split(","):
        words = entry.strip().split(":")
        row: dict[str, Any] = {"term": words[0]}
        if len(words) > 1:
            row["measure"] = words[1]
        if len(words) > 2:
            try:
                row["weight"] = float(words[2])
            except ValueError:
                raise InputError(
                    "the weight of a term must be a number", value=words[2], remedy='write "rate:sum_squared:2"'
                ) from None
        rows.append(row)
    return rows


def _demand(rng: np.random.Generator, options: Options) -> Array:
    """Split the units over the products, at least one pack each; what is no full pack is left out."""
    products, pack = options["products"], options["pack"]
    units = options["units"] // pack
    if options["mix"] == "even":
        even = np.full(products, units // products) + (np.arange(products) < units % products)
        return np.asarray(pack * even, np.int64)
    parts = rng.dirichlet(np.ones(products)) if options["mix"] == "random" else 1 / np.arange(1, products + 1) ** 1.2
    return np.asarray(pack * (1 + rng.multinomial(units - products, parts / parts.sum())), dtype=np.int64)


def _hidden(rng: np.random.Generator, options: Options, demand: Array) -> Hidden:
    """Draw a fairly level order: blocks of `batch` packs near their ideal places, a little shaken."""
    batch, pack = max(1, options["batch"]), options["pack"]
    demand = demand // pack
    rows, places, sizes = [], [], []
    for row, units in enumerate(demand):
        blocks = max(1, int(units) // batch)
        ideal = (np.arange(blocks) + 0.5 + rng.uniform(-0.3, 0.3, blocks)) / blocks
        size = np.full(blocks, int(units) // blocks) + (np.arange(blocks) < int(units) % blocks)
        rows.append(np.full(blocks, row))
        places.append(ideal)
        sizes.append(size)
    order = np.argsort(np.concatenate(places), kind="stable")
    row_of = np.repeat(np.concatenate(rows)[order], np.concatenate(sizes)[order])
    units = len(row_of)
    slots = options["buckets"] or units
    return Hidden(np.repeat(row_of, pack), np.repeat(np.arange(units) * slots // units, pack), slots)


def _add_weights(rng: np.random.Generator, options: Options, data: Data) -> None:
    if options["weights"]:
        data["products"]["weight"] = _integers(rng, 1, 5, options["products"])


def _integers(rng: np.random.Generator, low: int, high: int, size: int) -> list[int]:
    return [int(value) for value in rng.integers(low, high, size, endpoint=True)]


def _add_bill(rng: np.random.Generator, options: Options, data: Data) -> None:
    """Draw the bill: every part is used by at least one product."""
    products, parts = data["products"]["product"], [f"part{number + 1}" for number in range(options["parts"])]
    if not parts:
        return
    uses = rng.random((len(parts), len(products))) < options["bill_density"]
    uses[np.arange(len(parts)), rng.integers(0, len(products), len(parts))] = True
    pairs = [(products[i], parts[j]) for j, i in zip(*np.nonzero(uses), strict=True)]
    data["bill"] = {
        "product": [product for product, _ in pairs],
        "part": [part for _, part in pairs],
        "quantity": _integers(rng, 1, 3, len(pairs)),
    }
    if options["weights"]:
        data["parts"] = {"part": parts, "weight": _integers(rng, 1, 5, len(parts))}


def _add_ratios(rng: np.random.Generator, options: Options, data: Data, hidden: Hidden) -> None:
    """Draw the ratio rules: a hard one just lets the hidden plan pass, a priced one is one tighter."""
    products, count = data["products"]["product"], options["ratios"]
    if not count:
        return
    names = [f"option{number + 1}" for number in range(count)]
    hard = [bool(flag) for flag in rng.permutation(np.arange(count) < round(options["hard"] * count))]
    pairs: list[tuple[str, str]] = []
    at_most, in_any = [], []
    for name, flag in zip(names, hard, strict=True):
        carriers = np.flatnonzero(rng.random(len(products)) < options["option_share"]).tolist()
        carriers = carriers or [int(rng.integers(len(products)))]
        window = int(rng.integers(1, max(2, min(options["window"], hidden.slots)), endpoint=True))
        window = min(window, hidden.slots)
        most = hidden.largest_window(carriers, window)
        pairs += ((products[row], name) for row in carriers)
        in_any.append(window)
        at_most.append(most if flag else max(0, most - 1))
    data["ratios"] = {"ratio": names, "at_most": at_most, "in_any": in_any, "hard": hard}
    if options["weights"]:
        data["ratios"]["weight"] = _integers(rng, 1, 5, count)
    data["options"] = {"product": [product for product, _ in pairs], "ratio": [ratio for _, ratio in pairs]}
    if not all(hard) and not any(row["term"] == "ratio" for row in data["objective"]):
        data["objective"].append({"term": "ratio", "measure": "sum_violated"})


def _add_distances(rng: np.random.Generator, options: Options, data: Data, hidden: Hidden) -> None:
    """Set spacing and run lengths of some products to what the hidden plan just keeps."""
    table, count = data["products"], options["products"]
    for name in ("spacing", "runs"):
        chosen = rng.permutation(np.arange(count) < round(options[name] * count))
        if not chosen.any():
            continue
        limits = [_limits(hidden.built(row)) if chosen[row] else (None, None, None) for row in range(count)]
        if name == "spacing":
            table["spacing"] = [spacing for spacing, _, _ in limits]
        else:
            table["longest_run"] = [longest for _, longest, _ in limits]
            table["shortest_run"] = [shortest for _, _, shortest in limits]


def _limits(built: Array) -> tuple[int | None, int | None, int | None]:
    """Return (least gap, longest run, shortest run) of a product built in these slots."""
    gaps = np.diff(built)
    runs = np.diff(np.concatenate(([-1], np.flatnonzero(gaps > 1), [len(built) - 1])))
    return (int(gaps.min()) if len(gaps) else None), int(runs.max()), int(runs.min())


def _add_changeovers(rng: np.random.Generator, options: Options, data: Data) -> None:
    products = data["products"]["product"]
    listed = rng.random((len(products), len(products))) < options["changeovers"]
    np.fill_diagonal(listed, False)
    pairs = list(zip(*np.nonzero(listed), strict=True))
    if pairs:
        data["changeovers"] = {
            "before": [products[a] for a, _ in pairs],
            "after": [products[b] for _, b in pairs],
            "cost": _integers(rng, 1, 9, len(pairs)),
        }


TAKT = 10
"""Minutes between two launches on a generated line."""


def _add_work(rng: np.random.Generator, options: Options, data: Data, demand: Array) -> None:
    """Draw stations, all of one length, and the work of each product, in tenths of a minute."""
    count, products = options["stations"], data["products"]["product"]
    if not count:
        return
    stations = [f"station{number + 1}" for number in range(count)]
    spread = rng.uniform(-options["work_spread"], options["work_spread"], (count, len(products)))
    spread -= (spread @ demand / demand.sum())[:, None]
    minutes = np.maximum(0, np.round(TAKT * options["station_load"] * (1 + spread), 1))
    data["takt"] = TAKT
    data["stations"] = {"station": stations, "length": [round(TAKT * (1 + options["station_room"]), 1)] * count}
    data["work"] = {
        "product": products * count,
        "station": [station for station in stations for _ in products],
        "minutes": [float(value) for value in minutes.ravel()],
    }
    if not any(row["term"] in ("overload", "idle") for row in data["objective"]):
        data["objective"].append({"term": "overload"})


def _add_current(rng: np.random.Generator, options: Options, data: Data, hidden: Hidden) -> None:
    """Add current plan, frozen and fixed slots; behind the frozen slots the current plan is shuffled."""
    products = data["products"]["product"]
    if options["fixed"]:
        slots = np.sort(rng.choice(hidden.slots, options["fixed"], replace=False))
        firsts = np.minimum(np.searchsorted(hidden.slot, slots), len(hidden.slot) - 1)
        built = [(int(s) + 1, int(hidden.row[u])) for s, u in zip(slots, firsts, strict=True) if hidden.slot[u] == s]
        data["fixed"] = {
            "position": [position for position, _ in built],
            "product": [products[row] for _, row in built],
        }
    if not (options["current"] or options["frozen"]):
        return
    row = hidden.row.copy()
    free = np.flatnonzero(hidden.slot >= options["frozen"])
    shaken = rng.choice(free, round(options["changes"] * len(free)), replace=False)
    row[shaken] = row[rng.permutation(shaken)]
    current: Data = {"price": options["move_price"]}
    if data.get("box"):
        current["buckets"] = _buckets(products, row, hidden)
    else:
        current["sequence"] = [products[r] for r in row]
    data["current"] = current
    data["frozen"] = options["frozen"]
    if options["moves"]:
        current["at_most"] = _moves(row, hidden)


def _buckets(products: list[str], row: Array, hidden: Hidden) -> dict[str, list[Any]]:
    """Return units of products by bucket as the columns of a table."""
    keys, counts = np.unique(hidden.slot * len(products) + row, return_counts=True)
    return {
        "bucket": [int(key) // len(products) + 1 for key in keys],
        "product": [products[int(key) % len(products)] for key in keys],
        "quantity": [int(count) for count in counts],
    }


def _moves(row: Array, hidden: Hidden) -> int:
    """Count the units of the hidden plan that stand where the current plan does not have them."""
    width = int(max(row.max(), hidden.row.max())) + 1
    size = hidden.slots * width
    new = np.bincount(hidden.slot * width + hidden.row, minlength=size)
    old = np.bincount(hidden.slot * width + row, minlength=size)
    return int(np.maximum(new - old, 0).sum())


def _with_known(instance: Heijunka, hidden: Hidden) -> Heijunka:
    """Add the hidden plan as an upper value, or the optimum where a closed form gives it."""
    products = instance.products.product
    if instance.box:
        table = _buckets(list(products), hidden.row, hidden)
        rows = [dict(zip(table, entry, strict=True)) for entry in zip(*table.values(), strict=True)]
        plan = HeijunkaPlan.model_validate({"buckets": rows})
    else:
        plan = HeijunkaPlan(sequence=tuple(products[row] for row in hidden.row))
    optimum = equal_demand_optimum(instance)
    if optimum is not None:
        cyclic = HeijunkaPlan(sequence=products * instance.products.demand[0])
        for candidate in (plan, cyclic):
            found = instance.evaluate(candidate)
            if found.feasible and found.exact == optimum:
                reference = "equal demands: the cyclic sequence reaches the rounding bound of every prefix"
                return instance.replace(
                    known={"optimum": found.objective, "reference": reference, "plan": candidate.to_dict()}
                )
    found = instance.evaluate(plan)
    reference = "the hidden plan that the instance was built around"
    return instance.replace(known={"upper": found.objective, "reference": reference, "plan": plan.to_dict()})


def equal_demand_optimum(instance: Heijunka) -> Fraction | None:
    """Return the least rate deviation of n products of equal demand d, None for other instances.

    After k = qn + r units no plan can do better than r products one unit ahead, which the cyclic
    sequence does for every k: sum of squares d(n^2-1)/6, sum of absolutes d(n^2-1)/3, largest
    absolute 1 - 1/n. Rules may make it unreachable, never lower.
    """
    demand, (term, *more) = instance.products.demand, instance.objective
    weights = set(instance.weights)
    if more or term.term != "rate" or instance.box or len(set(demand)) > 1 or len(weights) > 1:
        return None
    if instance.current and instance.current.price:
        return None
    n, d = len(demand), demand[0]
    value = {
        "sum_squared": Fraction(d * (n * n - 1), 6),
        "sum_absolute": Fraction(d * (n * n - 1), 3),
        "max_absolute": 1 - Fraction(1, n),
        "max_squared": (1 - Fraction(1, n)) ** 2,
    }[term.measure]
    return value * weights.pop() * Fraction(str(term.weight))
