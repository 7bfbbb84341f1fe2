"""What a sequence must build where: its frozen and fixed slots."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from jitopt.problems.heijunka import Heijunka

__all__ = ["locked_rows"]


def locked_rows(instance: Heijunka) -> NDArray[np.int64] | None:
    """Return the product row that each slot of a sequence must build, -1 where it is free.

    None where two locks contradict each other, or where they take more units of a product than are asked for.
    """
    found = np.full(instance.slots, -1, dtype=np.int64)
    if instance.frozen and instance.current and instance.current.sequence is not None:
        found[: instance.frozen] = [instance.index[p] for p in instance.current.sequence[: instance.frozen]]
    if instance.fixed:
        for position, product in zip(instance.fixed.position, instance.fixed.product, strict=True):
            if found[position - 1] not in (-1, instance.index[product]):
                return None
            found[position - 1] = instance.index[product]
    used = np.bincount(found[found >= 0], minlength=len(instance.products.product))
    return found if bool((used <= np.array(instance.products.demand)).all()) else None
