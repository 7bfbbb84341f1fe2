"""Kernels of the delivery menu: prices of the shared limits, and a search over columns.

Flat tables: columns first[u]..first[u+1] belong to stop u; column c takes amount[e] of limit row[e]
for e in entry[c]..entry[c+1]. All amounts and limits are whole numbers; `size` makes limits of
different units comparable.
"""

from __future__ import annotations

from typing import Any

from jitopt.jit import kernel

MODULUS = 2147483647


@kernel
def choose(first: Any, entry: Any, row: Any, amount: Any, size: Any, cost: Any, price: Any, pick: Any) -> float:
    """Fill `pick` with the cheapest column of each stop at these prices of the limits; return their sum."""
    total = 0.0
    for u in range(len(first) - 1):
        best = 1e300
        for c in range(first[u], first[u + 1]):
            value = cost[c]
            for e in range(entry[c], entry[c + 1]):
                value += price[row[e]] * (amount[e] / size[row[e]])
            if value < best:
                best = value
                pick[u] = c
        total += best
    return total


@kernel
def add_up(entry: Any, row: Any, amount: Any, pick: Any, load: Any) -> None:
    """Fill `load` with what the picked columns take of each limit."""
    for r in range(len(load)):
        load[r] = 0
    for u in range(len(pick)):
        for e in range(entry[pick[u]], entry[pick[u] + 1]):
            load[row[e]] += amount[e]


@kernel
def raise_bound(
    first: Any, entry: Any, row: Any, amount: Any, size: Any, cost: Any, limit: Any, price: Any, best_price: Any,
    pick: Any, load: Any, target: float, best: float, scale: float, steps: int,
) -> Any:  # fmt: skip
    """Do subgradient steps on the prices (Held, Wolfe and Crowder 1974); return best bound and scale.

    price, best_price: now, and of the best bound. target: cost to aim at. scale: of the step, halved
    after ten steps in vain.
    """
    vain = 0
    for _ in range(steps):
        value = choose(first, entry, row, amount, size, cost, price, pick)
        for r in range(len(limit)):
            value -= price[r] * (limit[r] / size[r])
        add_up(entry, row, amount, pick, load)
        if value > best:
            best = value
            vain = 0
            for r in range(len(limit)):
                best_price[r] = price[r]
        else:
            vain += 1
            if vain >= 10:
                vain = 0
                scale *= 0.5
        length = 0.0
        for r in range(len(limit)):
            slope = (load[r] - limit[r]) / size[r]
            if slope > 0.0 or price[r] > 0.0:
                length += slope * slope
        if length <= 1e-18:
            break
        step = scale * max(target - value, 1e-9 * abs(target)) / length
        for r in range(len(limit)):
            price[r] = max(0.0, price[r] + step * ((load[r] - limit[r]) / size[r]))
    return best, scale


@kernel
def swap(
    entry: Any, row: Any, amount: Any, size: Any, limit: Any, weight: Any, load: Any, old: int, new: int
) -> float:  # fmt: skip
    """Exchange a column in `load`; return the change of the weighted excess over the limits."""
    change = 0.0
    for e in range(entry[old], entry[old + 1]):
        r = row[e]
        before = max(0, load[r] - limit[r])
        load[r] -= amount[e]
        change += weight[r] * ((max(0, load[r] - limit[r]) - before) / size[r])
    for e in range(entry[new], entry[new + 1]):
        r = row[e]
        before = max(0, load[r] - limit[r])
        load[r] += amount[e]
        change += weight[r] * ((max(0, load[r] - limit[r]) - before) / size[r])
    return change


@kernel
def kept(load: Any, limit: Any) -> bool:
    """Tell whether every limit is kept."""
    over = 0
    for r in range(len(limit)):
        over += max(0, load[r] - limit[r])
    return over == 0


@kernel
def search(
    first: Any, entry: Any, row: Any, amount: Any, size: Any, cost: Any, limit: Any, weight: Any, load: Any,
    pick: Any, best_pick: Any, best_cost: float, heat: float, seed: int, begin: int, end: int, steps: int,
) -> Any:  # fmt: skip
    """Change one or two stops at a time, worse by less than a threshold that falls to 0 (Dueck and Scheuer 1990).

    weight: price of the excess over each limit. heat: the first threshold. begin, end: the moves to
    do of a cycle of `steps`. Returns the cost of the best plan that keeps every limit
    (`best_pick`), and the state of the dice.
    """
    stops = len(first) - 1
    add_up(entry, row, amount, pick, load)
    total = 0.0
    for u in range(stops):
        total += cost[pick[u]]
    for step in range(begin, end):
        threshold = heat * (1.0 - step / steps)
        seed = (seed * 48271) % MODULUS
        u = seed % stops
        seed = (seed * 48271) % MODULUS
        v = seed % stops if seed % 3 == 0 else u
        seed = (seed * 48271) % MODULUS
        new = first[u] + seed % (first[u + 1] - first[u])
        old = pick[u]
        money = cost[new] - cost[old]
        change = money + swap(entry, row, amount, size, limit, weight, load, old, new)
        old_v, new_v = pick[v], pick[v]
        if v != u:
            seed = (seed * 48271) % MODULUS
            new_v = first[v] + seed % (first[v + 1] - first[v])
            money += cost[new_v] - cost[old_v]
            change += cost[new_v] - cost[old_v] + swap(
                entry, row, amount, size, limit, weight, load, old_v, new_v
            )  # fmt: skip
        if change <= threshold:
            pick[u] = new
            if v != u:
                pick[v] = new_v
            total += money
            if total < best_cost - 1e-12 * abs(best_cost) and kept(load, limit):
                best_cost = total
                for s in range(stops):
                    best_pick[s] = pick[s]
        else:
            swap(entry, row, amount, size, limit, weight, load, new, old)
            if v != u:
                swap(entry, row, amount, size, limit, weight, load, new_v, old_v)
    return best_cost, seed
