"""A choice forced on a sourcing instance: a supplier used, for a part or at all."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from jitopt.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jitopt.problems.sourcing.instance import Sourcing

__all__ = ["force"]

SMALLEST_SHARE = Fraction(1, 100)
"""Share of the demand that counts as using a supplier, where no minimum or multiple says more."""


def force(instance: Sourcing, choice: Mapping[str, str]) -> Sourcing:
    """Return the instance with `supplier=S` made to deliver: `part=P` or any part.

    `quantity=Q` says how much over all periods; without it the smallest order the quote allows,
    or 1 % of the demand where it allows any.

    Raises
    ------
    InputError
        For a missing or unknown key, or a supplier or part that does not exist.
    """
    if "supplier" not in choice or set(choice) - {"supplier", "part", "quantity"}:
        raise InputError(
            "a choice for sourcing names a supplier, and may name a part and a quantity",
            value=dict(choice),
            remedy="write supplier=S2 part=P1",
        )
    supplier, part = choice["supplier"], choice.get("part")
    links = [link for key, link in instance.links.items() if key[0] == supplier and part in (None, key[1])]
    if not links:
        what = f"part {part!r}" if part else "anything"
        raise InputError(f"supplier {supplier!r} does not quote {what}", value=dict(choice), remedy="see `jitopt info`")
    least = (
        _quantity(choice["quantity"])
        if "quantity" in choice
        else min(
            max(link.minimum, link.multiple or 0)
            or SMALLEST_SHARE * sum(instance.demand[link.part], Fraction(0))
            or Fraction(1)
            for link in links
        )
    )
    table = instance.required
    parts = list(table.part) if table and table.part else [None] * (table.rows() if table else 0)
    return instance.replace(
        required={
            "supplier": [*(table.supplier if table else ()), supplier],
            "part": [*parts, part],
            "at_least": [*(table.at_least if table else ()), float(least)],
        }
    )


def _quantity(text: str) -> Fraction:
    try:
        value = Fraction(text)
    except (ValueError, ZeroDivisionError):
        value = Fraction(-1)
    if not 0 < value <= 10**12:
        raise InputError("quantity must be a number above 0", value=text, remedy="write quantity=50")
    return value
