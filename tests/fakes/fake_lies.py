"""A solver that lies: a plan that builds the wrong units, one too short, garbage, a bound above its own plan."""

from __future__ import annotations

from typing import Any

from _plans import any_plan

HEURISTIC = {"name": "heijunka_fake_lies", "problem": "heijunka", "summary": "lies", "source": "constructed"}


def run(instance: Any, context: Any) -> None:
    honest = any_plan(instance)
    context.report(honest)
    context.report(instance.plan_type(sequence=honest.sequence[:-1]))
    context.report(instance.plan_type(sequence=[honest.sequence[0]] * len(honest.sequence)))
    context.report(instance.plan_type(sequence=["nothing of the kind"] * len(honest.sequence)))
    context.report(instance.plan_type())
    context.bound(1e9)
    context.bound(float("inf"))
