"""Kanban: how many cards, of which container, on each loop."""

from jitopt.problems.kanban.instance import Kanban, KanbanPlan, LoopCards
from jitopt.problems.kanban.judge import evaluate

__all__ = ["Kanban", "KanbanPlan", "LoopCards", "evaluate"]
