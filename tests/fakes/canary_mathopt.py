"""A canary as a formulation for mathopt; its plan spells out the values of the variables."""

from __future__ import annotations

from _canaries import Kept

FORMULATION = {
    "name": "heijunka_canary_mathopt",
    "problem": "heijunka",
    "technology": "mathopt",
    "solver": "gscip",
    "exact": False,
    "summary": "a canary",
    "source": "constructed",
}

_kept = Kept("mathopt")
build, extract, start = _kept.build, _kept.extract, _kept.start
