"""Draw the figures of the pages from the shipped instances: python docs/figures/make.py.

Plans come from deterministic solves, so the same versions draw the same figures.
"""

from __future__ import annotations

from pathlib import Path

import jitopt

HERE = Path(__file__).parent
INSTANCES = HERE.parent.parent / "instances" / "heijunka"

FIGURES = (
    ("production", "level_7_5_3_1", "assign", "production"),
    ("deviation", "level_deviation_of_one", "assign", "deviation"),
    ("deviation_goal_chasing", "level_deviation_of_one", "goal_chasing", "deviation"),
    ("deviation_bottleneck", "level_small_deviations_1_2_4_8", "bottleneck", "deviation"),
    ("usage", "heijunka_20_units_a", "level", "usage"),
    ("usage_optimum", "monden_goal_chasing", "usage", "usage"),
    ("cars", "dincbas_ten_cars", "cars", "box"),
    ("days", "pumps_three_days", "box", "box"),
    ("box", "heijunka_12_buckets", "level", "box"),
)
"""Name of the figure, instance, method, kind."""


def main() -> None:
    """Draw them all; figures of the same name are replaced."""
    for name, instance_name, method, kind in FIGURES:
        instance = jitopt.read(INSTANCES / f"{instance_name}.json")
        assert isinstance(instance, jitopt.Heijunka)
        result = jitopt.solve(instance, method=method, deterministic=True, work_limit=2, threads=1)
        assert result.plan is not None
        text = jitopt.figure(instance, result, kind, HERE / f"{name}.svg")
        print(f"{name}.svg: {len(text)} bytes, {instance_name} by {result.method}, objective {result.objective}")
    jitopt.shut_down()


if __name__ == "__main__":
    main()
