"""A canary as a formulation for pyomo; its plan spells out the values of the variables."""

from __future__ import annotations

from _canaries import Kept

FORMULATION = {
    "name": "heijunka_canary_pyomo",
    "problem": "heijunka",
    "technology": "pyomo",
    "solver": "highs",
    "exact": False,
    "summary": "a canary",
    "source": "constructed",
}

_kept = Kept("pyomo")
build, extract, start = _kept.build, _kept.extract, _kept.start
