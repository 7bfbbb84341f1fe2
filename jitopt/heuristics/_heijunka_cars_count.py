"""Sequences of classes of cars: what they cost, where rules are broken, and a greedy first one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from jitopt.heuristics._kernels.heijunka_cars import EXCESS, LENGTH, MOST, PRICE

if TYPE_CHECKING:
    from collections.abc import Callable

    from jitopt.heuristics._heijunka_cars import Cars, Ints

__all__ = ["above", "breaks", "cost", "greedy", "so_far"]


def so_far(cars: Cars, classes: Ints) -> Ints:
    """Return the units that count for each rule (rows) among the first 0, 1, ... slots."""
    found = np.zeros((len(cars.rules), len(classes) + 1), dtype=np.int64)
    np.cumsum(cars.carry[classes].T, axis=1, out=found[:, 1:])
    return found


def above(cars: Cars, before: Ints, rule: int) -> Ints:
    """Return the units above the rule in each of its windows, by the window's first slot."""
    length = int(cars.rules[rule, LENGTH])
    load = before[rule, length:] - before[rule, :-length]
    return np.maximum(load - cars.rules[rule, MOST], 0)


def breaks(cars: Cars, classes: Ints) -> Ints:
    """Return a row for each window above its rule: the rule and the first slot."""
    before, found = so_far(cars, classes), [np.zeros((0, 2), dtype=np.int64)]
    for r in range(len(cars.rules)):
        first = np.flatnonzero(above(cars, before, r))
        found.append(np.stack([np.full_like(first, r), first], axis=1))
    return np.concatenate(found)


def cost(cars: Cars, classes: Ints) -> tuple[int, bool]:
    """Return what a sequence costs, breaches of hard rules with it, and whether it keeps every hard rule."""
    before, total, keeps = so_far(cars, classes), 0, True
    for r, rule in enumerate(cars.rules):
        over = above(cars, before, r)
        total += int(rule[PRICE]) * int((over if rule[EXCESS] else over > 0).sum())
        keeps = keeps and not (r in cars.hard and bool(over.any()))
    return total, keeps


def greedy(cars: Cars, demand: Any, over: Callable[[], bool]) -> Ints | None:
    """Return a sequence of classes built slot by slot, what is locked kept; None where it is `over` before the end.

    In each slot the class whose unit breaks least; among those the one whose rules are the fullest for what is left to
    build (dynamic sum of utilisation rates, Gottlieb, Puchta & Solnon 2003).
    """
    slots, rules = len(cars.locked), cars.rules
    left = np.bincount(cars.kinds, weights=np.array(demand), minlength=len(cars.carry)).astype(np.int64)
    found = np.where(cars.locked < 0, -1, cars.kinds[cars.locked])
    left -= np.bincount(found[found >= 0], minlength=len(left))
    held = np.zeros((slots + 1, len(rules)), dtype=np.int64)
    rate = rules[:, LENGTH] / rules[:, MOST].clip(min=1)
    for t in range(slots):
        if t % 1024 == 1023 and over():
            return None
        if found[t] < 0:
            first = np.maximum(t + 1 - rules[:, LENGTH], 0)
            full = held[t] - held[first, np.arange(len(rules))] >= rules[:, MOST]
            breach = cars.carry @ (rules[:, PRICE] * full)
            use = cars.carry @ ((left @ cars.carry) * rate / (slots - t))
            order = np.lexsort((-left, -use, breach))
            found[t] = order[left[order] > 0][0]
            left[found[t]] -= 1
        held[t + 1] = held[t] + cars.carry[found[t]]
    return found
