"""The limits that the loops share, and the same instance with one of them changed: what a limit is worth."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from jitopt.problems.base import exact

if TYPE_CHECKING:
    from fractions import Fraction

    from jitopt.problems.kanban.instance import Kanban, KanbanPlan

__all__ = ["Shared", "moved", "shared", "taken"]

CHANGES = "changed cards"
"""What the cap on changes is called among the limits; it has no id of its own."""


class Shared(NamedTuple):
    """A limit that can be changed. name: its id. capacity: [unit of the limit]. whole: it counts changed cards."""

    name: str
    capacity: float
    whole: bool = False


def shared(instance: Kanban) -> list[Shared]:
    """Return the limits of the instance, and the cap on changed cards if there is one."""
    table = instance.limits
    found = [] if table is None else [Shared(*row) for row in zip(table.limit, table.capacity, strict=True)]
    if instance.current and instance.current.at_most is not None:
        found.append(Shared(CHANGES, float(instance.current.at_most), whole=True))
    return found


def moved(instance: Kanban, limit: Shared, step: float) -> Kanban | None:
    """Return the instance with a limit raised by `step` (lowered if negative); None where less than nothing is left."""
    room = exact(limit.capacity) + exact(step)
    if room < 0:
        return None
    if limit.whole:
        assert instance.current is not None
        current = instance.current.model_dump(mode="json", exclude_none=True)
        return instance.replace(current=current | {"at_most": int(room)}, known=None)
    assert instance.limits is not None
    rows = zip(instance.limits.limit, instance.limits.capacity, strict=True)
    changed = [float(room) if name == limit.name else capacity for name, capacity in rows]
    return instance.replace(limits={"limit": list(instance.limits.limit), "capacity": changed}, known=None)


def taken(instance: Kanban, plan: KanbanPlan) -> dict[str, float]:
    """Return what a plan that can be priced takes of each limit [unit of the limit]."""
    from jitopt.problems.kanban.judge import loads

    found: dict[str, Fraction] = loads(instance, plan)
    used = {limit.name: float(found.get(limit.name, 0)) for limit in shared(instance) if not limit.whole}
    if instance.current and instance.current.at_most is not None:
        used[CHANGES] = float(sum(instance.changed(row.loop, row.container, row.cards) for row in plan.loops))
    return used
