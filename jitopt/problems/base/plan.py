"""The decided thing: what every plan can do."""

from __future__ import annotations

import json
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict

__all__ = ["Plan", "PlanT", "PlanT_co"]


class Plan(BaseModel):
    """The decided thing. Extra keys are allowed and ignored; what is omitted is nothing."""

    model_config: ClassVar[ConfigDict] = ConfigDict(strict=True, frozen=True, extra="ignore", allow_inf_nan=False)

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as plain data, in the form of the result file."""
        return self.model_dump(mode="json", exclude_none=True)

    def to_json(self) -> str:
        """Return the plan as JSON text, in the form of the result file."""
        return json.dumps(self.to_dict(), ensure_ascii=False)

    def to_rows(self) -> dict[str, list[Any]]:
        """Return the plan as the columns of one table."""
        raise NotImplementedError

    def to_frame(self, like: object = None) -> Any:
        """Return the plan as a data frame.

        like: a frame, or the name of a frame library ("pandas", "polars", "pyarrow"), whose kind
        is returned; None takes the first of pandas and polars that is installed.
        """
        from jitopt.frames import to_frame

        return to_frame(self.to_rows(), like)


PlanT = TypeVar("PlanT", bound=Plan)
PlanT_co = TypeVar("PlanT_co", bound=Plan, covariant=True)
