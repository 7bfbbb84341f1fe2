"""A choice forced on a heijunka instance: a product in a slot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jitopt.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jitopt.problems.heijunka.instance import Heijunka

__all__ = ["force"]


def force(instance: Heijunka, choice: Mapping[str, str]) -> Heijunka:
    """Return the instance with `position=K` (or `bucket=K`) made to build `product=P`.

    Raises
    ------
    InputError
        For a missing or unknown key, a product or slot that does not exist.
    """
    keys = set(choice)
    slot_word = "bucket" if "bucket" in keys else "position"
    if keys != {slot_word, "product"}:
        raise InputError(
            "a choice for heijunka names a position (or bucket) and a product",
            value=dict(choice),
            remedy="write position=3 product=A",
        )
    if not choice[slot_word].isdecimal() or not 1 <= int(choice[slot_word]) <= instance.slots:
        raise InputError(
            f"{slot_word} must be a whole number from 1 to {instance.slots}",
            value=choice[slot_word],
            remedy="correct it",
        )
    if choice["product"] not in instance.index:
        raise InputError("there is no such product", value=choice["product"], remedy="see `jitopt info`")
    table = instance.fixed
    return instance.replace(
        fixed={
            "position": [*(table.position if table else ()), int(choice[slot_word])],
            "product": [*(table.product if table else ()), choice["product"]],
        }
    )
