"""What a cell of an instance may hold, and the columns of such cells."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StringConstraints

__all__ = [
    "LARGEST",
    "AboveZero",
    "AllAboveZero",
    "Amount",
    "Count",
    "Counts",
    "Flags",
    "Identifier",
    "Identifiers",
    "Numbers",
    "OptionalAboveZero",
    "OptionalCounts",
    "OptionalIdentifiers",
    "OptionalNumbers",
    "OptionalPositives",
    "OptionalServices",
    "OptionalShares",
    "OptionalYields",
    "Positives",
    "Shares",
    "Signals",
    "as_tuple",
]

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
AboveZero = Annotated[float, Field(gt=0, le=LARGEST)]
AllAboveZero = Annotated[tuple[AboveZero, ...], BeforeValidator(as_tuple)]
OptionalAboveZero = Annotated[tuple[AboveZero | None, ...], BeforeValidator(as_tuple)]
Shares = Annotated[tuple[Annotated[float, Field(ge=0, le=1)], ...], BeforeValidator(as_tuple)]
OptionalShares = Annotated[tuple[Annotated[float, Field(ge=0, le=1)] | None, ...], BeforeValidator(as_tuple)]
OptionalYields = Annotated[tuple[Annotated[float, Field(gt=0, le=1)] | None, ...], BeforeValidator(as_tuple)]
OptionalServices = Annotated[tuple[Annotated[float, Field(ge=0.5, lt=1)] | None, ...], BeforeValidator(as_tuple)]
"""Probabilities that are aimed at: half and more, never 1."""

Count = Annotated[int, Field(ge=0, le=10**7)]
Counts = Annotated[tuple[Count, ...], BeforeValidator(as_tuple)]
OptionalCounts = Annotated[tuple[Count | None, ...], BeforeValidator(as_tuple)]
Positives = Annotated[tuple[Annotated[int, Field(ge=1, le=10**7)], ...], BeforeValidator(as_tuple)]
OptionalPositives = Annotated[tuple[Annotated[int, Field(ge=1, le=10**7)] | None, ...], BeforeValidator(as_tuple)]
Flags = Annotated[tuple[bool, ...], BeforeValidator(as_tuple)]
Signals = Annotated[tuple[Literal["first_piece", "empty"] | None, ...], BeforeValidator(as_tuple)]
"""When the card leaves its container: with the first piece taken, or when it is empty."""
