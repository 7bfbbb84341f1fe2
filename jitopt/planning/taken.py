"""The decisions of a plan as plain data, and back from the data of a plan.json."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from jitopt.errors import InputError
from jitopt.planning.steps.decisions import Decisions

if TYPE_CHECKING:
    from jitopt.planning.plant import Plant

__all__ = ["decisions_data", "decisions_of"]


def decisions_data(decisions: Decisions) -> dict[str, Any]:
    """Return awards (share of the part's need, as an exact fraction), frequencies and cards."""
    return {
        "awards": [
            {"supplier": supplier, "part": part, "share": str(share)}
            for (supplier, part), share in decisions.awards.items()
        ],
        "frequencies": [{"supplier": name, "frequency": chosen} for name, chosen in decisions.frequencies.items()],
        "cards": [
            {"loop": loop, "container": container, "cards": cards}
            for loop, (container, cards) in decisions.cards.items()
        ],
    }


def decisions_of(plant: Plant, data: Any) -> Decisions:
    """Return the decisions in the data of a plan.json; warns where it was made for other tables.

    Raises
    ------
    InputError
        If the data are no plan of a plant, or name what the plant does not have.
    """
    told = data.get("decisions") if isinstance(data, Mapping) else None
    if not isinstance(told, Mapping):
        raise InputError(
            "this is no plan of a plant: it has no decisions",
            place="/decisions",
            remedy="give the plan.json that jitopt plan wrote",
        )
    if data.get("plant", {}).get("sha256") != plant.sha256():
        warnings.warn("the plan was made for other tables than those of this plant", stacklevel=3)
    try:
        found = Decisions(
            awards={(row["supplier"], row["part"]): Fraction(row["share"]) for row in told["awards"]},
            frequencies={row["supplier"]: row["frequency"] for row in told["frequencies"]},
            cards={row["loop"]: (row["container"], int(row["cards"])) for row in told["cards"]},
        )
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        raise InputError(
            "the decisions are awards, frequencies and cards",
            place="/decisions",
            value=str(error),
            remedy="give the plan.json that jitopt plan wrote",
        ) from None
    _check(plant, found)
    return found


def _check(plant: Plant, found: Decisions) -> None:
    """Refuse names that the plant does not have."""
    for pair in found.awards:
        if pair not in plant.quote:
            raise _unknown("awards", f"{pair[1]} of {pair[0]}")
    for supplier, frequency in found.frequencies.items():
        if supplier not in plant.supplier or frequency not in plant.frequency:
            raise _unknown("frequencies", f"{frequency} of {supplier}")


def _unknown(table: str, value: str) -> InputError:
    return InputError(
        "the plan names what the plant does not have",
        place=f"/decisions/{table}",
        value=value,
        remedy="simulate a plan that was made for these tables",
    )
