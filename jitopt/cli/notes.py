"""What is allowed in an instance, but is seldom meant: told, never refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jitopt.problems.figures import counted

if TYPE_CHECKING:
    from jitopt.problems.heijunka import Heijunka
    from jitopt.problems.sourcing import Sourcing

__all__ = ["notes_of"]


def notes_of(instance: Any) -> list[str]:
    """Return a sentence for everything in the instance that is likely a slip."""
    if instance.problem == "heijunka":
        return _heijunka(instance)
    return _sourcing(instance) if instance.problem == "sourcing" else []


def _heijunka(instance: Heijunka) -> list[str]:
    found = []
    room = instance.slots * instance.capacity
    if room < instance.units:
        found.append(f"the box holds {counted(room, 'unit')}, the demand is {instance.units}: there is no plan")
    current = instance.current.sequence if instance.current else None
    if current is not None and len(current) < instance.slots:
        found.append(
            f"the current sequence covers the first {len(current)} of {counted(instance.slots, 'slot')}; "
            "behind it nothing counts as moved"
        )
    if current is not None and len(current) > instance.slots:
        found.append(
            f"the current sequence has {counted(len(current), 'position')}, the plan {instance.slots}; "
            "what lies behind is left out"
        )
    if instance.stations and not any(term.term in ("overload", "idle") for term in instance.objective):
        found.append('there are stations, but neither "overload" nor "idle" in the objective: they decide nothing')
    return found


def _sourcing(instance: Sourcing) -> list[str]:
    found = []
    lost = sorted(pair for pair in instance.awarded if pair not in instance.links)
    if lost:
        more = f" (and {len(lost) - 1} more)" if len(lost) > 1 else ""
        found.append(
            f"the current award names {lost[0][1]!r} from {lost[0][0]!r}{more}, for which there is no quote; "
            "it counts for nothing"
        )
    quoting = {supplier for supplier, _ in instance.links}
    idle = [supplier for supplier in instance.suppliers.supplier if supplier not in quoting]
    if idle:
        more = f" (and {len(idle) - 1} more)" if len(idle) > 1 else ""
        found.append(f"supplier {idle[0]!r}{more} quotes nothing")
    return found
