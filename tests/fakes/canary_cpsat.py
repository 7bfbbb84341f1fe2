"""A canary as a formulation for cpsat; its plan spells out the values of the variables."""

from __future__ import annotations

from _canaries import Kept

FORMULATION = {
    "name": "heijunka_canary_cpsat",
    "problem": "heijunka",
    "technology": "cpsat",
    "solver": "cpsat",
    "exact": False,
    "summary": "a canary",
    "source": "constructed",
}

_kept = Kept("cpsat")
build, extract, start = _kept.build, _kept.extract, _kept.start
