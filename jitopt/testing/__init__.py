"""The conformance kit: what every formulation, heuristic and reader must pass.

Public, so that an author of a method in another package can run the same checks::

    import jitopt
    from jitopt.testing import check_formulation

    jitopt.register("mypackage.heijunka_mine_pyomo")
    check_formulation("heijunka_mine_pyomo")

The checks hold a method against enumeration (`optimum`) on tiny instances with a random mixture
of all features, and raise `ConformanceError` with the failing instance as JSON.
"""

from __future__ import annotations

from jitopt.testing.brute_force import Optimum, optimum
from jitopt.testing.errors import ConformanceError
from jitopt.testing.formulations import check_formulation
from jitopt.testing.heuristics import check_heuristic
from jitopt.testing.readers import check_reader

__all__ = ["ConformanceError", "Optimum", "check_formulation", "check_heuristic", "check_reader", "optimum"]
