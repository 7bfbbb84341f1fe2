"""Kanban instances of any size in which every limit binds, written afresh from a seed.

    python benchmarks/scale/kanban_instances.py FAMILY -o FILE.json [--loops 50000] [--zones 40] [--seed 1] [--digits 2]

The families of options are `spread`, `correlated`, `tight`, `mixed`, `against`, `several`, `chance` and `edge`; `loops`
is demand and replenishment. Every loop stands in one rack zone; floor, cards and capital are shared by all. Capacities
are what a hidden plan takes:

spread, correlated: it is best at drawn prices of all limits, so no limit is loose.
tight: half a percent more than the least that can be taken.
mixed: half of the loops take the least, the others are cheapest: a plan that is best at no prices.
against: the same, and what costs less takes more, so that cheap and small are opposites.
several: as mixed, and every option takes up to seven limits: three zones more, anywhere.
chance: a random plan; what the cheapest plan takes of a limit, where that is less, is no limit for it.
edge: 0.05 percent more than the least that can be taken, at drawn weights of the limits.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

import numpy as np

FAMILIES = ("spread", "correlated", "tight", "mixed", "against", "several", "chance", "edge", "loops")
SHARED = ("floor", "cards", "capital")

Data = dict[str, Any]


def options(family: str, loops: int = 50_000, zones: int = 40, seed: int = 1, digits: int = 2) -> Data:
    """Return an instance in the minimal form of options.

    digits: decimals of costs and amounts; more than 15 leaves them as they are drawn.
    """
    rng = np.random.default_rng(seed)
    counts = rng.integers(5, 13, loops)
    loop = np.repeat(np.arange(loops), counts)
    place = np.arange(len(loop)) - np.repeat(np.cumsum(counts) - counts, counts)
    menu, cards = place % 3, place // 3
    demand = rng.lognormal(3.0, 1.0, loops)[loop]
    size = np.array([5.0, 12.0, 40.0])[menu] * rng.choice([1.0, 1.5, 2.0], loops)[loop]
    number = 1 + cards + np.ceil(demand * rng.uniform(0.2, 2.0, loops)[loop] / size).astype(np.int64)
    value = rng.lognormal(0.5, 1.0, loops)[loop]
    amounts = np.stack([number, np.ceil(number * size**0.5), number, number * size * value])
    if family == "correlated":
        share = amounts / amounts.mean(axis=1, keepdims=True)
        cost = 50.0 + 400.0 * np.exp(-share.sum(axis=0) / 8) * rng.uniform(0.98, 1.02, len(loop))
    elif family == "against":
        share = amounts / amounts.mean(axis=1, keepdims=True)
        cost = 300.0 / (0.2 + share.sum(axis=0)) * rng.uniform(0.9, 1.1, len(loop))
    else:
        cost = 30 * demand / size + 60 * np.exp(-0.6 * cards) * rng.lognormal(0, 0.6, len(loop)) + 0.02 * size * value
    zone = rng.integers(0, zones, loops)[loop]
    amounts[3] += rng.uniform(0, 1, len(loop))
    cost, amounts = _rounded(cost, digits), _rounded(amounts, digits)
    limit = np.stack([zone, *(np.full(len(loop), zones + k) for k in range(3))])
    if family == "several":
        other = rng.integers(0, zones, len(loop)) + np.arange(3)[:, None]
        limit = np.concatenate([limit, (zone + 1 + other % (zones - 1)) % zones])
        extra = np.round(rng.uniform(0, 3, (3, len(loop))) * number) * (rng.random((3, len(loop))) < 0.5)
        amounts = np.concatenate([amounts, extra])
    rows = len(limit)
    chosen = _hidden(rng, family, counts, cost, amounts, limit, zones + 3)
    names = [f"zone {k + 1}" for k in range(zones)] + list(SHARED)
    load = np.zeros(zones + 3)
    for row in range(rows):
        load += np.bincount(limit[row][chosen], weights=amounts[row][chosen], minlength=zones + 3)
    load *= {"tight": 1.005, "edge": 1.0005}.get(family, 1.0)
    kept = np.flatnonzero(amounts.T.ravel() > 0)
    order = rng.permutation(zones + 3)
    words = np.array(names)
    boxes = np.array(["small", "middle", "large"])
    return {
        "problem": "kanban",
        "version": 1,
        "name": f"{family}-{loops}-{seed}",
        "options": {
            "loop": [f"loop {k + 1}" for k in loop.tolist()],
            "container": boxes[menu].tolist(),
            "cards": number.tolist(),
            "cost": cost.tolist(),
        },
        "uses": {
            "option": np.repeat(np.arange(len(loop)), rows)[kept].tolist(),
            "limit": words[limit.T.ravel()[kept]].tolist(),
            "amount": amounts.T.ravel()[kept].tolist(),
        },
        "limits": {
            "limit": [names[k] for k in order],
            "capacity": [round(float(load[k]), min(digits, 15)) for k in order],
        },
    }


def _rounded(values: Any, digits: int) -> Any:
    return np.round(values, digits) if digits <= 15 else values


def _hidden(rng: Any, family: str, counts: Any, cost: Any, amounts: Any, limit: Any, limits: int) -> Any:
    """Return the options of a hidden plan."""
    typical = np.bincount(limit.ravel(), weights=amounts.ravel(), minlength=limits) / np.bincount(
        limit.ravel(), minlength=limits
    )
    spread = float(np.std(cost))
    if family == "tight":
        price, cost = 1.0 / typical, 0.002 * cost / spread
    else:
        price = rng.uniform(0.1, 0.6, limits) * spread / typical
    small = (price[limit] * amounts).sum(axis=0)
    if family == "chance":
        return np.cumsum(counts) - counts + np.floor(rng.random(len(counts)) * counts).astype(np.int64)
    if family in ("mixed", "against", "several"):
        low = _least(counts, small * typical.size + 1e-6 * cost)
        return np.where(rng.random(len(counts)) < 0.5, low, _least(counts, cost))
    return _least(counts, small if family == "edge" else cost + small)


def _least(counts: Any, values: Any) -> Any:
    """Return the option of each loop that has the least value."""
    first = np.cumsum(counts) - counts
    hits = np.flatnonzero(values <= np.repeat(np.minimum.reduceat(values, first), counts))
    return hits[np.unique(np.repeat(np.arange(len(counts)), counts)[hits], return_index=True)[1]]


def loops(count: int = 50_000, zones: int = 40, seed: int = 1) -> Data:
    """Return an instance of demand and replenishment: three containers a loop, every limit at what a plan takes."""
    rng = np.random.default_rng(seed)
    names = [f"loop {k + 1}" for k in range(count)]
    demand = np.round(rng.lognormal(3.0, 1.0, count), 1)
    lead = np.round(rng.uniform(0.2, 2.0, count), 2)
    sizes = np.array([5.0, 12.0, 40.0])
    zone = rng.integers(0, zones, count)
    holding = np.round(rng.lognormal(-4.0, 1.0, count), 4)
    priced = rng.random(count) < 0.5
    rack = np.array([1, 2, 3])
    floor = np.array([0.2, 0.45, 1.1])
    cards = np.maximum(1, np.ceil(1.3 * demand[:, None] * lead[:, None] / sizes)).astype(np.int64)
    cost = 2 * demand[:, None] / sizes + holding[:, None] * np.maximum(0, cards * sizes - (demand * lead)[:, None])
    limits = [f"zone {k + 1}" for k in range(zones)] + ["floor", "cards"]
    weights = rng.uniform(0.2, 0.8, zones + 2) * float(np.std(cost)) / 10
    total = cost + cards * (weights[zone][:, None] * rack + weights[-2] * floor + weights[-1])
    best = np.argmin(total, axis=1)
    taken = cards[np.arange(count), best]
    capacity = [float(np.sum((taken * rack[best])[zone == k])) for k in range(zones)]
    capacity += [round(float(np.sum(taken * floor[best])), 2), float(taken.sum())]
    boxes = ["small", "middle", "large"]
    return {
        "problem": "kanban",
        "version": 1,
        "name": f"loops-{count}-{seed}",
        "loops": {
            "loop": names,
            "demand": demand.tolist(),
            "lead_time": lead.tolist(),
            "demand_sd": np.round(demand * 0.3, 2).tolist(),
            "safety": [None if some else 0.3 for some in priced.tolist()],
            "holding_cost": holding.tolist(),
            "shortage_cost": [2.0 if some else None for some in priced.tolist()],
        },
        "containers": {
            "loop": [name for name in names for _ in boxes],
            "container": boxes * count,
            "quantity": sizes.tolist() * count,
            "card_cost": [0.01, 0.02, 0.03] * count,
            "handling_cost": [2.0, 2.0, 2.0] * count,
        },
        "uses": {
            "loop": [name for name in names for _ in range(9)],
            "container": [box for box in boxes for _ in range(3)] * count,
            "limit": [word for k in zone.tolist() for _ in boxes for word in (limits[k], "floor", "cards")],
            "amount": [float(x) for box in range(3) for x in (rack[box], floor[box], 1)] * count,
        },
        "limits": {"limit": limits, "capacity": capacity},
    }


def make(family: str, loops_: int, zones: int, seed: int, digits: int) -> Data:
    """Return an instance of a family."""
    if family == "loops":
        return loops(loops_, zones, seed)
    return options(family, loops_, zones, seed, digits)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("family", choices=FAMILIES)
    parser.add_argument("-o", "--output", required=True)
    parser.add_argument("--loops", type=int, default=50_000)
    parser.add_argument("--zones", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--digits", type=int, default=2)
    given = parser.parse_args()
    data = make(given.family, given.loops, given.zones, given.seed, given.digits)
    with open(given.output, "w", encoding="utf-8") as file:
        json.dump(data, file)


if __name__ == "__main__":
    main()
