"""The question of one decision: what every instance can do."""

from __future__ import annotations

import hashlib
import importlib
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Generic, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from jitopt.errors import InputError
from jitopt.problems.base.canonical import canonical
from jitopt.problems.base.plan import Plan, PlanT_co
from jitopt.problems.base.table import Strict
from jitopt.problems.wording import explain_validation, near

if TYPE_CHECKING:
    from jitopt.problems.base.findings import Evaluation, Rule, Way

__all__ = ["Instance", "Known", "room"]

CHECKED = object()
"""Says of data that they are those of an instance."""


def _printable(name: str) -> str:
    """Refuse control characters: a name is shown on terminals and in reports."""
    if any(ord(sign) < 32 or ord(sign) == 127 for sign in name):
        raise ValueError("a name must have no control characters")
    return name


class Known(Strict):
    """What is known of an instance's optimum. Never read by `solve`.

    optimum, lower, upper: objective value, in the unit of the objective. reference: where the value
    comes from. plan: a plan that reaches `optimum` or `upper` (`lower`, where the objective is to be large).
    """

    optimum: float | None = None
    lower: float | None = None
    upper: float | None = None
    reference: str = Field(default="", max_length=2000)
    plan: dict[str, Any] | None = None


class Instance(Strict, Generic[PlanT_co]):
    """The question of one decision: data only, knows no solver.

    Strict, frozen, validated when made; `replace` gives a changed copy, validated again.
    """

    plan_type: ClassVar[type[Any]]

    problem: str
    version: Literal[1] = 1
    name: Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_printable)]
    source: str = Field(default="", max_length=2000)
    known: Known | None = None

    def replace(self, **changes: Any) -> Self:
        """Return a copy with the named fields changed, validated like a new instance.

        A table may be given as a plain mapping of columns.
        """
        data = self.to_dict()
        for name, value in changes.items():
            if name not in type(self).model_fields:
                meant = near(name, type(self).model_fields)
                raise InputError(
                    f"a {self.problem} instance has no field of this name",
                    place=f"/{name}",
                    remedy=(f"did you mean {meant}? " if meant else "")
                    + f"The fields are {', '.join(type(self).model_fields)}",
                )
            data[name] = value.model_dump(mode="json", by_alias=True) if isinstance(value, BaseModel) else value
        return type(self).parse(data)

    def to_dict(self) -> dict[str, Any]:
        """Return the instance as plain data, in its native form (defaults left out)."""
        data = self.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
        head = {"problem": self.problem, "version": self.version, "name": self.name}
        return head | {key: value for key, value in data.items() if key not in head}

    @classmethod
    def parse(cls, data: object, source: str = "", *, checked: bool = False) -> Self:
        """Validate plain data (as read from JSON) into an instance.

        checked: it is the data of an instance: what a single field cannot see is not checked again.

        Raises
        ------
        InputError
            With the place, the value, the rule and the remedy.
        """
        try:
            instance = cls.model_validate(data, context=CHECKED if checked else None)
        except ValidationError as error:
            raise explain_validation(error, cls, source) from None
        except InputError as error:
            raise (error.within(source) if source else error) from None
        return instance

    def sha256(self) -> str:
        """Return the hash of what is asked: the data without name, source and known answers."""
        return self._hash

    @cached_property
    def _hash(self) -> str:
        data = self.to_dict()
        for key in ("name", "source", "known"):
            data.pop(key, None)
        return hashlib.sha256(canonical(data)).hexdigest()

    def prepare(self) -> None:
        """Make now what the result and the judging of a plan need, while nobody waits for it."""
        self.sha256()

    def size(self) -> dict[str, int]:
        """Return the counts that say how large the instance is."""
        raise NotImplementedError

    def forms(self) -> frozenset[str]:
        """Return the pure forms that the instance has, for which exact algorithms exist (`Method.form`)."""
        return frozenset()

    @property
    def sense(self) -> Literal[1, -1]:
        """1 where the objective is to be as small as possible, -1 where as large as possible."""
        return 1

    def sampled(self, seed: int) -> Self:
        """Return the instance with the seed of its random sample set, where it has one that names none."""
        return self

    def signed(self, plan: Any) -> Any:
        """Return the plan with what it takes to judge it again, such as the seed of this instance's sample."""
        return plan

    def unsearched(self) -> float | None:
        """Return what every plan costs at least that the methods do not look at; None where they look at all.

        Where it is not None, the methods leave out plans, by a limit of their own, that the rules
        allow: their bounds hold only up to this value, and "infeasible" is theirs alone.
        """
        return None

    def evaluate(self, plan: Plan) -> Evaluation:
        """Judge a plan: every rule and every term of the objective, in exact arithmetic."""
        found: Evaluation = room(self, "judge").evaluate(self, plan)
        return found

    def rules(self) -> list[Rule]:
        """Return every rule that can be relaxed, under its business name."""
        found: list[Rule] = room(self, "rules").rules(self)
        return found

    def eased(self) -> tuple[tuple[Way, tuple[Self, ...]], ...]:
        """Return ways out as instances that ask ever less, for problems whose rules no model can price."""
        return ()

    def ways(self) -> tuple[Way, ...]:
        """Return the ways out that `explain` tells one by one beside the cheapest repair."""
        return ()

    @model_validator(mode="after")
    def _check(self, info: ValidationInfo) -> Self:
        """Check what a single field cannot see."""
        if info.context is not CHECKED:
            room(self, "validation").validate(self)
        return self


def room(instance: Instance[Any], name: str) -> Any:
    """Return a module of an instance's problem: judge, rules, validation, choice and what else it has.

    A problem is a package with these modules around `instance`; they know the instance, it knows none of them.
    """
    return importlib.import_module(f"{type(instance).__module__.rpartition('.')[0]}.{name}")
