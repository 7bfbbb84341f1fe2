"""Cards and buffers of a line: search on one sample for all designs, then a proof by monotony on that sample."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from jitopt.errors import NotApplicableError
from jitopt.heuristics._line_cost import least_cost
from jitopt.heuristics._line_throughput import most_throughput
from jitopt.heuristics._line_world import Paths, Stopped
from jitopt.jit import SUFFIX
from jitopt.problems.kanban.instance import KanbanPlan

if TYPE_CHECKING:
    from jitopt.heuristics._line_world import Design
    from jitopt.heuristics.context import Context
    from jitopt.problems.kanban import Kanban
    from jitopt.problems.kanban.line import Line

HEURISTIC: dict[str, Any] = {
    "name": "kanban_line",
    "problem": "kanban",
    "technology": "numba",
    "summary": "Lines: exact chains, search with common random numbers, monotone cuts over the sample path",
    "source": "Meester & Shanthikumar 1990; Weiss & Stolletz 2015; Hillier & Boling 1967",
    "page": "docs/methods/kanban_line.md",
    "up_to": {"loops": 0},
    "proof": "exact_algorithm",
    "once": True,
}

KERNELS = "jitopt.heuristics._kernels.line_path"

SIDE_BY_SIDE = "jitopt.simulation._kernels.line"

LANES = 128
"""Replications that the judge runs side by side."""

JUDGED = 4e-6
"""Seconds that the judge takes for one operation, for up to LANES replications together."""

STEPS_OF_WORK = 1_000
"""Operations simulated that count as one iteration in deterministic mode."""


class Search:
    """What the parts of the search share: the line, its sample paths, and how to tell what is found."""

    instance: Kanban
    line: Line
    context: Context
    began: float
    dice: np.random.Generator

    def __init__(self, instance: Kanban, context: Context) -> None:
        assert instance.line is not None
        self.instance, self.line, self.context = instance, instance.line, context
        self.began = time.monotonic()
        self.dice = np.random.Generator(np.random.SFC64(context.seed))
        self._paths: Paths | None = None
        self._told: Design = ()

    @property
    def paths(self) -> Paths:
        """The sample paths; machine code is loaded or made when they are first asked for."""
        if self._paths is None:
            if self.line.demand is None:
                self.context.kernels(SIDE_BY_SIDE)
            kernels = self.context.kernels(KERNELS)
            compiled = kernels.__name__.endswith(SUFFIX)
            self._paths = Paths(self.line, kernels, compiled, self.stopped, self.context.threads)
        return self._paths

    def stopped(self) -> bool:
        """Tell whether to return: the time is over, or in deterministic mode the work is done."""
        work, paths = self.context.work, self._paths
        if work is not None and paths is not None and paths.steps > work * STEPS_OF_WORK:
            return True
        return self.context.stopped()

    def closing(self, until: float = 0.0) -> bool:
        """Tell whether there is just time to have a design judged (the judge runs the whole sample), or `until`."""
        return self.context.work is None and self.context.remaining() < max(until, 2 * self._judging)

    @property
    def _judging(self) -> float:
        size = self.line.size()
        return JUDGED * size.length * self.line.stations * -(-size.replications // LANES)

    def report(self, design: Design) -> None:
        """Hand over a design that is not the last one; after the first, only if there is time to judge it."""
        late = self.context.work is None and self.context.remaining() < self._judging
        if design == self._told or (self._told and late):
            return
        self._told = design
        key = "buffers" if self.line.word == "place" else "cards"
        self.context.report(KanbanPlan.model_validate({key: list(design)}))

    def given(self) -> Design | None:
        """Return the design of the start, None where there is none."""
        start = self.context.start
        chosen = None if start is None else start.buffers if self.line.word == "place" else start.cards
        return None if chosen is None else tuple(chosen)


def run(instance: Kanban, context: Context) -> None:
    """Search, reporting plans and bounds to `context` until it says stop or nothing is left to do.

    Raises
    ------
    NotApplicableError
        For an instance without a line.
    """
    if instance.line is None:
        raise NotApplicableError("kanban_line sizes lines; this instance has loops or options")
    if context.start is not None:
        context.report(context.start)
    search = Search(instance, context)
    try:
        (most_throughput if instance.objective == "throughput" else least_cost)(search)
    except Stopped:
        return
