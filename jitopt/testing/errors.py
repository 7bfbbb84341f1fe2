"""What a conformance check raises."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jitopt.problems.base import Instance

__all__ = ["ConformanceError"]


class ConformanceError(AssertionError):
    """A method breaks a promise.

    Parameters
    ----------
    method
        Name of the method.
    difference
        What differs from what must hold, in one or more sentences.
    instance
        The instance it fails on, None when the fault shows without one. Its JSON is in the message.
    """

    def __init__(self, method: str, difference: str, instance: Instance[Any] | None = None) -> None:
        self.method = method
        self.difference = difference
        self.instance = instance
        text = f"{method}: {difference}"
        if instance is not None:
            text += f"\nInstance: {json.dumps(instance.to_dict(), ensure_ascii=False)}"
        super().__init__(text)
