"""Closed forms, exact Markov chains and approximations of lines and loops, labelled as what they are."""

from jitopt.queueing.base_stock import Loop, Optimum, best_cards, lost_sales, make_to_stock, palm, palm_cards
from jitopt.queueing.blocking import throughput as blocking_throughput
from jitopt.queueing.conwip import ClosedLine, balanced, best, mean_value_analysis, practical_worst, worst
from jitopt.queueing.decomposition import OpenLine, open_line
from jitopt.queueing.labels import Kind
from jitopt.queueing.two_stage import TwoStages, two_stage_kanban
from jitopt.queueing.waiting import Wait, kingman, pollaczek_khinchine

__all__ = [
    "ClosedLine",
    "Kind",
    "Loop",
    "OpenLine",
    "Optimum",
    "TwoStages",
    "Wait",
    "balanced",
    "best",
    "best_cards",
    "blocking_throughput",
    "kingman",
    "lost_sales",
    "make_to_stock",
    "mean_value_analysis",
    "open_line",
    "palm",
    "palm_cards",
    "pollaczek_khinchine",
    "practical_worst",
    "two_stage_kanban",
    "worst",
]
