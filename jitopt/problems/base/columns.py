"""What a cell of an instance may hold, and the columns of such cells."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field, StringConstraints

__all__ = [
    "LARGEST", "Amount", "Counts", "Flags", "Identifier", "Identifiers", "Numbers", "OptionalIdentifiers",
    "OptionalNumbers", "OptionalPositives", "OptionalShares", "Positives", "Shares", "as_tuple",
]  # fmt: skip

LARGEST = 1e12
"""No number of an instance may be larger than this (absurd magnitudes are refused)."""


def as_tuple(value: object) -> object:
    """Take a list as the tuple it stands for (JSON knows lists only)."""
    return tuple(value) if isinstance(value, list) else value


Identifier = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
"""A name given by the user: any text of 1 to 200 characters without control characters."""

Identifiers = Annotated[tuple[Identifier, ...], BeforeValidator(as_tuple)]
OptionalIdentifiers = Annotated[tuple[Identifier | None, ...], BeforeValidator(as_tuple)]
Amount = Annotated[float, Field(ge=0, le=LARGEST)]
Numbers = Annotated[tuple[Amount, ...], BeforeValidator(as_tuple)]
OptionalNumbers = Annotated[tuple[Amount | None, ...], BeforeValidator(as_tuple)]
Shares = Annotated[tuple[Annotated[float, Field(ge=0, le=1)], ...], BeforeValidator(as_tuple)]
OptionalShares = Annotated[tuple[Annotated[float, Field(ge=0, le=1)] | None, ...], BeforeValidator(as_tuple)]
Counts = Annotated[tuple[Annotated[int, Field(ge=0, le=10**7)], ...], BeforeValidator(as_tuple)]
Positives = Annotated[tuple[Annotated[int, Field(ge=1, le=10**7)], ...], BeforeValidator(as_tuple)]
OptionalPositives = Annotated[tuple[Annotated[int, Field(ge=1, le=10**7)] | None, ...], BeforeValidator(as_tuple)]
Flags = Annotated[tuple[bool, ...], BeforeValidator(as_tuple)]
