"""What a simulation found: measures with their intervals, tables, and how it was run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jitopt.errors import InputError

if TYPE_CHECKING:
    from jitopt.simulation.statistics import Estimate

__all__ = ["Simulation"]


@dataclass(frozen=True)
class Simulation:
    """The result of a simulation.

    subject: what was simulated, by name. measures: estimates of the whole ("throughput", "fill_rate",
    "stock", ...), each in the unit its page says. tables: by name ("stations", "loops"), as columns; an
    estimate is two columns, NAME and NAME_half_width. bottleneck: the station that holds the rest up,
    None where there is none to name. evidence: seed, replications, length, warm-up, kernel ("plain" or
    "compiled") and level. seconds: spent on sample, run and compile.
    """

    subject: str
    measures: dict[str, Estimate]
    tables: dict[str, dict[str, list[Any]]] = field(default_factory=dict)
    bottleneck: str | None = None
    evidence: dict[str, Any] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain data; each measure is {mean, half_width, level}."""
        return {
            "subject": self.subject,
            "measures": {name: found.to_dict() for name, found in self.measures.items()},
            "tables": {
                name: {key: list(column) for key, column in table.items()} for name, table in self.tables.items()
            },
            "bottleneck": self.bottleneck,
            "evidence": dict(self.evidence),
            "seconds": dict(self.seconds),
        }

    def to_frame(self, table: str, like: object = None) -> Any:
        """Return one of the tables as a data frame.

        like: a frame, or the name of a frame library ("pandas", "polars", "pyarrow"), whose kind is
        returned; None takes the first of pandas and polars that is installed.

        Raises
        ------
        InputError
            If there is no such table.
        """
        if table not in self.tables:
            known = ", ".join(self.tables) or "none"
            raise InputError("the simulation has no such table", value=table, remedy=f"its tables are: {known}")
        from jitopt.frames import to_frame

        return to_frame(self.tables[table], like)
