"""Sourcing instances built around a hidden plan of orders."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from math import ceil, floor
from typing import TYPE_CHECKING, Any

import numpy as np

from jitopt.errors import InputError
from jitopt.generators.sourcing_bound import lower_bound
from jitopt.problems.sourcing import Sourcing, SourcingPlan

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["generate"]

Options = dict[str, Any]
Data = dict[str, Any]
Rng = np.random.Generator

SHARES = (
    "density", "capacity", "quote_capacity", "minimum", "multiple", "storage", "shares", "part_limits", "holding",
)  # fmt: skip


class Draft:
    """An instance in the making: its options, quotes by (supplier, part), demand, hidden orders."""

    def __init__(self, rng: Rng, options: Options) -> None:
        self.rng = rng
        self.options = options
        self.suppliers: list[str] = [f"S{number + 1}" for number in range(options["suppliers"])]
        self.parts: list[str] = [f"part{number + 1}" for number in range(options["parts"])]
        mean = options["demand"]
        shape = (options["parts"], options["periods"])
        self.demand: Any = rng.integers(max(1, mean // 2), max(2, mean + mean // 2), shape, endpoint=True)
        self.initial: list[int] = [floor(options["initial"] * mean)] * options["parts"]
        self.quotes: dict[tuple[int, int], dict[str, Any]] = {}
        self.quoting: list[list[int]] = [[] for _ in self.parts]
        self.orders: dict[tuple[int, int, int], int] = {}
        self.peaks: list[int] = [0] * options["parts"]

    def quote(self, supplier: int, part: int, terms: dict[str, Any]) -> None:
        """Add a quote, or change its terms."""
        if (supplier, part) not in self.quotes:
            self.quoting[part].append(supplier)
        self.quotes[supplier, part] = terms

    @cached_property
    def totals(self) -> dict[int, dict[int, int]]:
        """What the hidden plan orders of each part, by supplier (asked once all is ordered)."""
        found: dict[int, dict[int, int]] = {part: {} for part in range(len(self.parts))}
        for (supplier, part, _), quantity in sorted(self.orders.items()):
            found[part][supplier] = found[part].get(supplier, 0) + quantity
        return found

    @cached_property
    def links(self) -> list[tuple[int, int]]:
        """The (supplier, part) pairs of the hidden plan (asked once all is ordered)."""
        return sorted({(supplier, part) for supplier, part, _ in self.orders})


def generate(seed: int, options: Options) -> Sourcing:
    """Generate an instance; see `jitopt.generators.generate` for seed and options.

    Raises
    ------
    InputError
        For options that contradict each other.
    """
    _check(options)
    draft = Draft(np.random.default_rng(seed), options)
    _quotes(draft)
    for part in range(options["parts"]):
        _order(draft, part)
    data: Data = {
        "problem": "sourcing",
        "version": 1,
        "name": f"generated-{options['suppliers']}x{options['parts']}x{options['periods']}-{seed}",
        "source": f"generated, seed {seed}",
        "suppliers": _suppliers(draft),
        "parts": {
            "part": [name for name in draft.parts for _ in range(options["periods"])],
            "period": list(range(1, options["periods"] + 1)) * options["parts"],
            "demand": [int(d) for d in draft.demand.flatten()],
        },
        "quotes": _quote_table(draft),
    }
    for add in (_add_breaks, _add_stock, _add_shares, _add_part_limits, _add_quality, _add_award, _add_required):
        add(draft, data)
    if options["supplier_cap"]:
        data["suppliers_at_most"] = len({s for s, _ in draft.links})
    instance = Sourcing.parse(data)
    return _with_known(instance, draft) if options["known"] else instance


def _check(options: Options) -> None:
    for name in SHARES:
        if options[name] > 1:
            raise InputError(f"the option {name} is a share, at most 1", value=options[name], remedy="correct it")
    for name in ("suppliers", "parts", "periods", "demand", "sources", "cover"):
        if options[name] < 1:
            raise InputError(f"the option {name} must be at least 1", value=options[name], remedy="raise it")
    if options["breaks"] not in ("none", "all_units", "incremental", "supplier"):
        raise InputError(
            "the option breaks must be none, all_units, incremental or supplier",
            value=options["breaks"],
            remedy="correct it",
        )


def _quotes(draft: Draft) -> None:
    """Draw the quotes: at least two suppliers per part where there are two; prices near a list price."""
    rng, options = draft.rng, draft.options
    for part in range(options["parts"]):
        quoted = rng.random(options["suppliers"]) < options["density"]
        quoted[rng.choice(options["suppliers"], min(2, options["suppliers"]), replace=False)] = True
        quoted[0] |= options["dominant"]
        list_price = float(rng.integers(5, 60))
        for supplier in np.flatnonzero(quoted).tolist():
            multiple = (
                int(rng.integers(2, max(3, options["demand"] // 5))) if rng.random() < options["multiple"] else None
            )
            least = int(rng.integers(1, max(2, options["demand"]))) if rng.random() < options["minimum"] else 0
            draft.quote(
                supplier,
                part,
                {
                    "price": round(list_price * rng.uniform(0.85, 1.25), 2),
                    "fixed_cost": _around(rng, options["link_cost"]),
                    "order_cost": _around(rng, options["order_cost"]),
                    "minimum": least,
                    "multiple": multiple,
                },
            )
        if options["dominant"]:
            _dominate(draft, part)


def _dominate(draft: Draft, part: int) -> None:
    """Make the first supplier the cheapest for a part, without strings and below any discount."""
    lowest = min(draft.quotes[s, part]["price"] for s in draft.quoting[part])
    terms = {"price": round(lowest / 2, 2), "fixed_cost": 0.0, "order_cost": 0.0, "minimum": 0, "multiple": None}
    draft.quote(0, part, terms)


def _around(rng: Rng, mean: float) -> float:
    return round(mean * rng.uniform(0.5, 1.5), 2)


def _order(draft: Draft, part: int) -> None:
    """Order one part in the hidden plan: when the stock does not last, for one or more periods."""
    rng, options = draft.rng, draft.options
    sources = {0: 1.0} if options["dominant"] else _sources(draft, part)
    stock = draft.initial[part]
    period = 0
    while period < options["periods"]:
        need = int(draft.demand[part, period]) - stock
        if need > 0:
            cover = 1 if options["dominant"] else int(rng.integers(1, options["cover"], endpoint=True))
            need = int(draft.demand[part, period : period + cover].sum()) - stock
            for supplier, share in sources.items():
                quantity = min(need, ceil(share * need))
                if quantity > 0:
                    size = _size(draft.quotes[supplier, part], quantity)
                    draft.orders[supplier, part, period + 1] = size
                    need, stock = need - size, stock + size
        draft.peaks[part] = max(draft.peaks[part], stock)
        stock -= int(draft.demand[part, period])
        period += 1


def _sources(draft: Draft, part: int) -> dict[int, float]:
    """Choose the suppliers of a part and the share of what is still needed each gets, the last all."""
    rng, options = draft.rng, draft.options
    quoting = draft.quoting[part]
    count = int(rng.integers(1, min(options["sources"], len(quoting)), endpoint=True))
    chosen = rng.choice(quoting, count, replace=False).tolist()
    return {supplier: (1.0 if supplier == chosen[-1] else float(rng.uniform(0.3, 0.7))) for supplier in chosen}


def _size(quote: dict[str, Any], quantity: int) -> int:
    """Return the smallest order of at least `quantity` that keeps minimum and multiple."""
    size = max(quantity, int(quote["minimum"]))
    return size if quote["multiple"] is None else -(-size // int(quote["multiple"])) * int(quote["multiple"])


def _suppliers(draft: Draft) -> Data:
    options = draft.options
    table: Data = {"supplier": draft.suppliers}
    if options["fixed_cost"]:
        table["fixed_cost"] = [_around(draft.rng, options["fixed_cost"]) for _ in draft.suppliers]
        if options["dominant"]:
            table["fixed_cost"][0] = 0.0
    if options["capacity"]:
        loads: dict[tuple[int, int], int] = defaultdict(int)
        for (supplier, _, period), quantity in draft.orders.items():
            loads[supplier, period] += quantity
        table["capacity"] = [
            _loosened(max((q for (s, _), q in loads.items() if s == row), default=0), options["capacity"])
            or options["demand"]
            for row in range(len(draft.suppliers))
        ]
    return table


def _loosened(load: int, tightness: float) -> int:
    """Return the limit that `load` fills to the share `tightness`."""
    return ceil(load / tightness)


def _quote_table(draft: Draft) -> Data:
    """Return the quotes as columns, leaving out what the options do not ask for."""
    options = draft.options
    keys = list(draft.quotes)
    table: Data = {
        "supplier": [draft.suppliers[s] for s, _ in keys],
        "part": [draft.parts[p] for _, p in keys],
    }
    wanted = {"price": True, "fixed_cost": options["link_cost"]}
    wanted |= {name: options[name] for name in ("order_cost", "minimum", "multiple")}
    for name, want in wanted.items():
        if want:
            table[name] = [draft.quotes[key][name] for key in keys]
    if options["quote_capacity"]:
        most: dict[tuple[int, int], int] = defaultdict(int)
        for (supplier, part, _), quantity in draft.orders.items():
            most[supplier, part] = max(most[supplier, part], quantity)
        table["capacity"] = [
            _loosened(most[key], options["quote_capacity"]) or _size(draft.quotes[key], options["demand"])
            for key in keys
        ]
    return table


def _add_breaks(draft: Draft, data: Data) -> None:
    """Add price breaks around the totals of the hidden plan, or of a fair share of the demand."""
    kind, tiers = draft.options["breaks"], draft.options["tiers"]
    if kind == "none" or not tiers:
        return
    totals = {part: int(draft.demand[part].sum()) for part in range(len(draft.parts))}
    rows: list[tuple[str, str | None, int, float]] = []
    for supplier, name in enumerate(draft.suppliers):
        parts = [p for s, p in draft.quotes if s == supplier]
        if not parts:
            continue
        scopes: Iterable[tuple[str | None, int]] = ((draft.parts[p], totals[p]) for p in parts)
        if kind == "supplier":
            scopes = [(None, sum(totals[p] for p in parts) // 2)]
        for scope, volume in scopes:
            for tier in range(1, tiers + 1):
                start = max(tier, round(volume * tier / (tiers + 0.5)))
                rows.append((name, scope, start, round(1 - 0.04 * tier * draft.rng.uniform(0.8, 1.0), 3)))
    rows = list({(name, scope, start): (name, scope, start, factor) for name, scope, start, factor in rows}.values())
    data["discounts"] = {
        "supplier": [row[0] for row in rows],
        "from_quantity": [row[2] for row in rows],
        "factor": [max(0.1, row[3]) for row in rows],
    }
    if kind != "supplier":
        data["discounts"] |= {"part": [row[1] for row in rows], "kind": [kind] * len(rows)}


def _add_stock(draft: Draft, data: Data) -> None:
    options = draft.options
    if not (options["initial"] or options["holding"] or options["storage"]):
        return
    table: Data = {"part": draft.parts}
    if options["initial"]:
        table["initial"] = draft.initial
    if options["holding"]:
        table["holding_cost"] = [
            round(options["holding"] * float(np.mean([draft.quotes[s, p]["price"] for s in draft.quoting[p]])), 2)
            for p in range(len(draft.parts))
        ]
    if options["storage"]:
        # Never below a least order: such a quote could not be delivered at all.
        table["storage"] = [
            max(_loosened(peak, options["storage"]), *(_size(draft.quotes[s, p], 1) for s in draft.quoting[p]))
            for p, peak in enumerate(draft.peaks)
        ]
    data["stock"] = table


def _add_shares(draft: Draft, data: Data) -> None:
    """Add share limits that the hidden plan just keeps: a cap for all, a least share for its largest source."""
    count = len(draft.parts)
    chosen = draft.rng.permutation(np.arange(count) < round(draft.options["shares"] * count))
    rows: list[tuple[str, str | None, float | None, float | None]] = []
    for part in np.flatnonzero(chosen).tolist():
        totals = draft.totals[part]
        ordered = sum(totals.values())
        if not ordered:
            continue
        largest = max(totals, key=lambda s: totals[s])
        rows.append((draft.parts[part], None, None, ceil(100 * totals[largest] / ordered) / 100))
        rows.append((draft.parts[part], draft.suppliers[largest], floor(90 * totals[largest] / ordered) / 100, None))
    if rows:
        names = ("part", "supplier", "at_least", "at_most")
        data["shares"] = {name: [row[column] for row in rows] for column, name in enumerate(names)}


def _add_part_limits(draft: Draft, data: Data) -> None:
    count = len(draft.parts)
    chosen = draft.rng.permutation(np.arange(count) < round(draft.options["part_limits"] * count))
    parts = np.flatnonzero(chosen).tolist()
    if parts:
        data["part_limits"] = {
            "part": [draft.parts[p] for p in parts],
            "suppliers_at_most": [max(1, len(draft.totals[p])) for p in parts],
        }


def _add_quality(draft: Draft, data: Data) -> None:
    """Add defective and late shares, their costs, and limits where the part has limits."""
    rng, options = draft.rng, draft.options
    if not options["quality"]:
        return
    defects = {key: int(rng.integers(0, 20)) / 1000 for key in draft.quotes}
    late = [int(rng.integers(0, 15)) / 100 for _ in draft.suppliers]
    if options["dominant"]:
        defects |= {(0, part): 0.0 for part in range(len(draft.parts))}
        late[0] = 0.0
    data["quotes"]["defects"] = list(defects.values())
    data["suppliers"]["on_time"] = [round(1 - share, 2) for share in late]
    data["defect_cost"], data["late_cost"] = 20, 4
    table = data.get("part_limits")
    if table is None:
        return
    table["defects_at_most"], table["late_at_most"] = [], []
    for part in (draft.parts.index(name) for name in table["part"]):
        totals = draft.totals[part]
        ordered = max(1, sum(totals.values()))
        bad = sum(defects[s, part] * q for s, q in totals.items()) / ordered
        tardy = sum(late[s] * q for s, q in totals.items()) / ordered
        table["defects_at_most"].append(ceil(1000 * bad + 0.01) / 1000)
        table["late_at_most"].append(ceil(100 * tardy + 0.01) / 100)


def _add_award(draft: Draft, data: Data) -> None:
    """Add a current award: the hidden links, a quarter of them replaced by another quote of the part."""
    options, rng = draft.options, draft.rng
    if not (options["award"] or options["switch_price"] or options["switch_cap"]):
        return
    award: set[tuple[int, int]] = set()
    for supplier, part in draft.links:
        other = int(rng.choice(draft.quoting[part])) if rng.random() < 0.25 else supplier
        award.add((other, part))
    data["current"] = {
        "award": {
            "supplier": [draft.suppliers[s] for s, _ in sorted(award)],
            "part": [draft.parts[p] for _, p in sorted(award)],
        },
        "price": options["switch_price"],
    }
    if options["switch_cap"]:
        data["current"]["at_most"] = len(set(draft.links) - award)


def _add_required(draft: Draft, data: Data) -> None:
    used = sorted({s for s, _ in draft.links})
    count = min(draft.options["required"], len(used))
    if count:
        chosen = sorted(draft.rng.choice(used, count, replace=False).tolist())
        data["required"] = {
            "supplier": [draft.suppliers[s] for s in chosen],
            "at_least": [floor(0.8 * sum(totals.get(s, 0) for totals in draft.totals.values())) for s in chosen],
        }


def _with_known(instance: Sourcing, draft: Draft) -> Sourcing:
    """Add the hidden plan as an upper value, or as the optimum when it meets the lower bound."""
    orders = [
        {"supplier": draft.suppliers[s], "part": draft.parts[p], "period": t, "quantity": quantity}
        for (s, p, t), quantity in draft.orders.items()
    ]
    plan = SourcingPlan.model_validate({"orders": orders})
    found = instance.evaluate(plan)
    key, reference = "upper", "the hidden plan that the instance was built around"
    if found.exact == lower_bound(instance):
        key, reference = "optimum", "every unit needed is bought once, at the lowest price there is, just in time"
    return instance.replace(known={key: found.objective, "reference": reference, "plan": plan.to_dict()})
