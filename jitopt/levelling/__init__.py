"""Levelling: volume over time (taut string), economic lots on one machine, product wheels, takt and pitch."""

from jitopt.levelling.changeovers import Order, best_order
from jitopt.levelling.lots import EconomicLots, economic_lots
from jitopt.levelling.machine import Machine, Run, Schedule
from jitopt.levelling.schedule_check import Audit, check_schedule
from jitopt.levelling.tube import Shortage
from jitopt.levelling.volume import Level, VolumePlan, level_volume
from jitopt.levelling.volume_check import check_volume
from jitopt.levelling.wheel import Turn, Wheel, product_wheel
from jitopt.problems.takt import pitch, takt

__all__ = [
    "Audit",
    "EconomicLots",
    "Level",
    "Machine",
    "Order",
    "Run",
    "Schedule",
    "Shortage",
    "Turn",
    "VolumePlan",
    "Wheel",
    "best_order",
    "check_schedule",
    "check_volume",
    "economic_lots",
    "level_volume",
    "pitch",
    "product_wheel",
    "takt",
]
