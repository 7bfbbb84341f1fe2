"""The kernels of the heuristics, plain and compiled, on arguments they get in a run of their heuristic.

A short run notes the arguments of a call; every round of a benchmark has a copy of them. Either twin gets the
types and the call of its own run, so that its figures are to be compared with its own earlier ones. The compiled
twin is called once before it is timed, so that making its machine code is in no figure.
"""

from __future__ import annotations

import copy
import importlib
from contextlib import suppress
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from _made import made

from jitopt import jit
from jitopt.heuristics.context import LocalContext

if TYPE_CHECKING:
    from collections.abc import Callable

KERNELS = [
    ("kanban", "kanban_fill", "fill"),
    ("kanban", "kanban_fill", "repair"),
    ("kanban", "kanban_fill", "search"),
    ("delivery", "delivery_menu", "choose"),
    ("delivery", "delivery_menu", "raise_bound"),
    ("delivery", "delivery_menu", "search"),
    ("delivery-cyclic", "delivery_cycle", "walk"),
    ("heijunka", "heijunka_level", "improve"),
    ("sourcing", "sourcing_assign", "search"),
]
"""Instance, heuristic and kernel."""


CALLS = 6
"""Calls of which the one with the largest arguments is taken; the first may be trials."""


class Noted(Exception):
    """The call that was waited for has come."""


class Notes(LocalContext):
    """A context in which the arguments of a kernel's first calls are noted."""

    def __init__(self, kernel: str, compiled: bool) -> None:
        super().__init__(limit=60.0, work=1_000_000, compiled=compiled)
        self.kernel = kernel
        self.calls: list[tuple[Any, ...]] = []

    def kernels(self, module: str) -> ModuleType:
        """Return a module like the one asked for; what is compiled later still finds the kernels themselves."""
        given = super().kernels(module)
        told = ModuleType(given.__name__)
        told.__dict__.update(given.__dict__)
        told.__dict__[self.kernel] = self.noting(getattr(given, self.kernel))
        return told

    def noting(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the kernel with a look at its arguments."""

        def note(*arguments: Any) -> Any:
            self.calls.append(copy.deepcopy(arguments))
            if len(self.calls) == CALLS:
                raise Noted
            return function(*arguments)

        return note


def noted(instance: str, heuristic: str, kernel: str, compiled: bool) -> tuple[Any, ...]:
    """Return the arguments of a call of the kernel; the plain twin gets other types than the compiled one."""
    notes = Notes(kernel, compiled)
    with suppress(Noted), pytest.MonkeyPatch.context() as patch:
        if not compiled:
            # First plans are made by the plain kernels whatever the context says.
            plain = jit.plain(f"jitopt.heuristics._kernels.{heuristic}")
            patch.setattr(plain, kernel, notes.noting(getattr(plain, kernel)))
        importlib.import_module(f"jitopt.heuristics.{heuristic}").run(made(instance), notes)
    assert notes.calls, f"{heuristic} does not call {kernel}"
    return max(reversed(notes.calls), key=_size)


def _size(arguments: Any) -> int:
    """Return how many numbers there are in arrays, lists and records."""
    size = getattr(arguments, "size", None)
    if isinstance(size, int):
        return size
    return sum(map(_size, arguments)) if isinstance(arguments, list | tuple) else 1


@pytest.mark.parametrize("form", ["plain", "compiled"])
@pytest.mark.parametrize(("instance", "heuristic", "kernel"), KERNELS, ids=[f"{h}.{k}" for _, h, k in KERNELS])
def test_kernel(benchmark: Any, instance: str, heuristic: str, kernel: str, form: str) -> None:
    arguments = noted(instance, heuristic, kernel, form == "compiled")
    module = f"jitopt.heuristics._kernels.{heuristic}"
    function = getattr(jit.plain(module) if form == "plain" else jit.compiled(module), kernel)
    function(*copy.deepcopy(arguments))
    rounds = 3 if form == "plain" else 50
    benchmark.pedantic(function, setup=lambda: (copy.deepcopy(arguments), {}), rounds=rounds)
