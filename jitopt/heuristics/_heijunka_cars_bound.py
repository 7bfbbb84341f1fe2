"""What ratio rules cost at least: each by itself, and two by two."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from jitopt.heuristics._kernels.heijunka_cars import LENGTH, MOST, PRICE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jitopt.heuristics._heijunka_cars import Cars

__all__ = ["PAIRS", "least", "load", "raised"]

PAIRS = "jitopt.heuristics._kernels.heijunka_cars_pairs"

STATES = 1 << 11
"""Most states of a window that the counting bound goes through one by one."""

LAYER = 1 << 25
"""Most cells of a layer of the dynamic programme for two rules."""


def least(cars: Cars, demand: Any) -> int:
    """Return a lower bound on what all sequences cost, rule by rule, in units."""
    return sum(_alone(cars, demand))


def raised(cars: Cars, demand: Any, kernels: Any, value: Callable[[], int], over: Callable[[], bool]) -> Iterator[int]:
    """Yield better and better bounds, from the rules two by two, until the cost of the best plan is reached.

    value: cost of the best plan known, in units. over: whether to end now. Pairs that share no rule add up.
    """
    alone, gains = _alone(cars, demand), dict[tuple[int, int], int]()
    for first, second in _promising(cars, demand):
        found = _together(cars, demand, (first, second), kernels, value(), over)
        if found is None:
            return
        gains[first, second] = found - alone[first] - alone[second]
        if gains[first, second] > 0:
            yield sum(alone) + _most(gains)


def load(kernels: Any) -> None:
    """Have the machine code of the kernels made or loaded: two slots and two units of two rules."""
    rules, counts = np.array([[1, 2, 1, 0]] * 2), np.array([0, 1, 1, 0])
    layers = [np.full((1, 2, 2, 4), (1 << 15) - 1, dtype=np.int16) for _ in range(2)]
    layers[0][0, 0, 0, 0] = 0
    prices, built = np.zeros((2, 2, 2), dtype=np.int64), np.zeros(12, dtype=np.int64)
    kernels.prepare(rules, counts, prices, built, 0, 1)
    kernels.advance(rules, counts, prices, built, *layers, (1 << 15) - 1, 0, 1, 0)


def _alone(cars: Cars, demand: Any) -> list[int]:
    """Return what each rule costs at least by itself; hard ones cost nothing."""
    found = []
    for r, (most, length, price, excess) in enumerate(cars.rules.tolist()):
        ones = int((np.array(demand) * cars.carry[cars.kinds, r]).sum())
        way = _by_states if 1 << (length - 1) <= STATES else _by_blocks
        found.append(0 if r in cars.hard else price * way(len(cars.locked), ones, most, length, bool(excess)))
    return found


def _most(gains: dict[tuple[int, int], int]) -> int:
    """Return the largest sum of gains of pairs that share no rule."""
    import networkx

    graph = networkx.Graph()
    graph.add_weighted_edges_from((*pair, gain) for pair, gain in gains.items() if gain > 0)
    return sum(gains[min(pair), max(pair)] for pair in networkx.max_weight_matching(graph))


def _counts(cars: Cars, demand: Any, pair: tuple[int, int]) -> Any:
    """Return how many units count for neither rule, the first, the second, both."""
    kind = cars.carry[cars.kinds][:, list(pair)] @ np.array([1, 2])
    return np.bincount(kind, weights=np.array(demand), minlength=4).astype(np.int64)


def _shape(cars: Cars, counts: Any, pair: tuple[int, int]) -> tuple[int, ...]:
    """Return the shape of a layer of the dynamic programme."""
    windows = 1 << int(sum(cars.rules[r, LENGTH] - 1 for r in pair))
    return (*(int(counts[kind]) + 1 for kind in (3, 1, 2)), windows)


def _promising(cars: Cars, demand: Any) -> list[tuple[int, int]]:
    """Return the pairs of rules whose layers fit, those first that are used most beside what they hold."""
    slots, rules = len(cars.locked), cars.rules
    holds = slots // rules[:, LENGTH] * rules[:, MOST] + np.minimum(slots % rules[:, LENGTH], rules[:, MOST])
    used = (np.array(demand) @ cars.carry[cars.kinds]) / holds
    pairs = [(first, second) for second in range(len(rules)) for first in range(second)]
    sizes = {pair: np.prod(_shape(cars, _counts(cars, demand, pair), pair), dtype=float) for pair in pairs}
    return sorted((pair for pair in pairs if sizes[pair] <= LAYER), key=lambda pair: -used[pair[0]] * used[pair[1]])


def _together(
    cars: Cars, demand: Any, pair: tuple[int, int], kernels: Any, cut: int, over: Callable[[], bool]
) -> int | None:
    """Return what two rules cost at least together, exactly below `cut`, else `cut`; None if it took too long.

    It looks for plans below small costs first: the fewer may be lost, the fewer states there are.
    """
    below = int(min(cut, cars.rules[list(pair), PRICE].min()))
    while True:
        found = _below(cars, demand, pair, kernels, below, over)
        if found is None or found < below or below == cut:
            return found
        below = min(cut, 2 * below)


def _below(
    cars: Cars, demand: Any, pair: tuple[int, int], kernels: Any, cut: int, over: Callable[[], bool]
) -> int | None:
    """Return the least cost of two rules if it is below `cut`, else `cut`; None if it took too long."""
    counts, rules = _counts(cars, demand, pair), cars.rules[list(pair)]
    bits = 15 if cut < 1 << 14 else 31 if cut < 1 << 30 else 63
    far = (1 << bits) - 1
    now, after = (np.full(_shape(cars, counts, pair), far, dtype=f"int{bits + 1}") for _ in range(2))
    now[0, 0, 0, 0] = 0
    prices = np.zeros((2, 2, 1 << int(rules[:, LENGTH].max() - 1)), dtype=np.int64)
    built = np.zeros(12, dtype=np.int64)
    for slot in range(len(cars.locked)):
        kernels.prepare(rules, counts, prices, built, slot, cut)
        looked = 0
        for both in range(min(int(counts[3]), slot) + 1):
            if over():
                return None
            looked += kernels.advance(rules, counts, prices, built, now, after, far, slot, cut, both)
        if looked == 0:
            return cut
        now, after = after, now
    return min(cut, int(now[-1, -1, -1].min()))


def _by_blocks(slots: int, ones: int, most: int, length: int, excess: bool) -> int:
    """Return a bound from windows side by side, from every offset.

    Windows that begin at offset s, s + q, ... do not overlap, so units beyond what they and the rest hold are too many;
    a window holds at most q - p of them. Different offsets look at different windows: their bounds add up.
    """
    found = 0
    for offset in range(length):
        windows = (slots - offset) // length
        if windows <= 0:
            continue
        beyond = max(0, ones - windows * most - (slots - windows * length))
        found += beyond if excess else -(-beyond // (length - most))
    return found


def _by_states(slots: int, ones: int, most: int, length: int, excess: bool) -> int:
    """Return the least cost of `ones` units in the slots, exactly: dynamic programme over the last q - 1 slots."""
    states = 1 << (length - 1)
    mask = states - 1
    counts = np.array([state.bit_count() for state in range(states)])
    cost = np.full((states, ones + 1), np.inf)
    cost[0, 0] = 0.0
    targets = [[((state << 1) | bit) & mask for state in range(states)] for bit in (0, 1)]
    for slot in range(1, slots + 1):
        after = np.full_like(cost, np.inf)
        for bit in (0, 1):
            over = np.maximum(0, counts + bit - most) if slot >= length else np.zeros(states)
            price = over if excess else np.minimum(over, 1)
            moved = cost + price[:, None]
            if bit:
                moved = np.concatenate([np.full((states, 1), np.inf), moved[:, :-1]], axis=1)
            np.minimum.at(after, targets[bit], moved)
        cost = after
    return int(cost[:, ones].min())
