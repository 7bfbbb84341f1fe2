"""Neighbourhoods of car sequences by CP-SAT: what they cost, what they keep, where they end."""

import itertools
import random
import time

import numpy as np
import pytest
from test_heijunka_cars import made

import jitopt
from jitopt.heuristics._heijunka_cars import cars_of, products_of
from jitopt.heuristics._heijunka_cars_count import breaks, cost, greedy

NAME = "heijunka_cars_neighbourhood"


def plan_of(instance, rows):
    return jitopt.HeijunkaPlan(sequence=tuple(instance.products.product[row] for row in rows))


def tiny(seed, measure, hard=False):
    """Return an instance of 8 cars, the cost of its best sequence (None without any) and one of its worst."""
    instance = made(seed, hard, measure, products={"product": ["c0", "c1", "c2"], "demand": [4, 2, 2]},
                    options={"product": ["c0", "c0", "c1", "c2"], "ratio": ["r0", "r1", "r1", "r2"]},
                    fixed={"position": [3], "product": ["c1"]})  # fmt: skip
    judged = [(instance.evaluate(plan_of(instance, rows)), rows) for rows in set(itertools.permutations([0] * 4 + [1] * 2 + [2] * 2))]
    kept = [(found.objective, rows) for found, rows in judged if not found.violations]
    return instance, min(kept, default=(None, ()))[0], max(kept, default=(None, ()))[1]
