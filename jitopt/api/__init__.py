"""The Python face of jitopt: read, solve, check, explain, write."""

from jitopt.api.changing import changes, resize
from jitopt.api.explaining import explain, limit_values, why_not
from jitopt.api.files import export, formulation, read_result
from jitopt.api.judging import audit, check, simulate
from jitopt.api.solving import solve
from jitopt.engine.process import shut_down

__all__ = [
    "audit", "changes", "check", "explain", "export", "formulation", "limit_values", "read_result", "resize",
    "shut_down", "simulate", "solve", "why_not",
]  # fmt: skip
