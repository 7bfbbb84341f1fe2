"""Levelling of volume, economic lots and product wheels."""

from jitopt.levelling.tube import Shortage
from jitopt.levelling.volume import Level, VolumePlan, level_volume
from jitopt.levelling.volume_check import check_volume

__all__ = ["Level", "Shortage", "VolumePlan", "check_volume", "level_volume"]
