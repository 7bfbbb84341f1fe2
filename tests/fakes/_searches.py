"""What every search of plans promises about an instance small enough to be enumerated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jitopt.testing import optimum

if TYPE_CHECKING:
    from jitopt.heuristics.context import LocalContext


def keeps_its_promises(instance: Any, context: LocalContext) -> None:
    """No bound lies above the optimum, every plan keeps the rules, and no plan is told where there is none."""
    best = optimum(instance)
    if best is None:
        assert not context.plans
        return
    slack = 1e-9 * max(1.0, float(best.value))
    assert max(context.bounds) <= float(best.value) + slack
    for plan in context.plans:
        judged = instance.evaluate(plan)
        assert judged.feasible
        assert judged.objective >= float(best.value) - slack
