"""What it takes to build each formulation, and to bring it into the form that its solver is given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from _made import made_for

import jitopt

if TYPE_CHECKING:
    from collections.abc import Callable

METHODS = [
    method for method in jitopt.methods() if method.kind == "formulation" and method.module.startswith("jitopt.")
]


@pytest.mark.parametrize("method", METHODS, ids=lambda method: str(method.name))
def test_build(benchmark: Any, method: Any) -> None:
    instance, formulation = made_for(method), jitopt.formulation(method.name)
    formulation.build(instance)  # Imports, and what an instance keeps once it is computed.
    benchmark.pedantic(formulation.build, args=(instance,), rounds=3)


@pytest.mark.parametrize("method", METHODS, ids=lambda method: str(method.name))
def test_hand_over(benchmark: Any, method: Any) -> None:
    """Standard form for HiGHS, the message for CP-SAT and MathOpt."""
    model = jitopt.formulation(method.name).build(made_for(method))
    benchmark.pedantic(_form(method.technology), args=(model,), rounds=3)


def _form(technology: str) -> Callable[[Any], Any]:
    if technology == "pyomo":
        from jitopt.engine.drivers.standard_form import compile_model

        return compile_model
    if technology == "cpsat":
        return lambda model: str(model.proto)
    return lambda model: model.export_model()
