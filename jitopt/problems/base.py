"""What every decision has in common: instance, table, plan, evaluation, rule.

The ground of the house. It imports the standard library and pydantic only: the
judge that stands on it shares no line with the models it judges.
"""

from __future__ import annotations

import hashlib
import importlib
import json
from dataclasses import dataclass, field
from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Generic, Literal, NamedTuple, Self, TypeVar

import pydantic_core
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from jitopt.errors import InputError
from jitopt.problems.wording import explain_validation, key_words, listed, misnamed, near

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = [
    "Evaluation",
    "Identifier",
    "Identifiers",
    "Instance",
    "Known",
    "Numbers",
    "Plan",
    "PlanT",
    "Rule",
    "Table",
    "Violation",
    "Way",
    "exact",
    "room",
]

LARGEST = 1e12
"""No number of an instance may be larger than this (absurd magnitudes are refused)."""

ZERO_DECIMAL = Decimal(0)

TOLERANCE = Fraction(1, 10**9)
"""A limit on a continuous quantity counts as kept within this, relative to max(1, |limit|)."""


@lru_cache(maxsize=1 << 16)
def exact(value: float) -> Fraction:
    """Return the number a person wrote as an exact fraction: 0.1 is 1/10."""
    number = float(value)
    return Fraction(int(number)) if number.is_integer() else Fraction(repr(number))


MANY = 50_000
"""Rows from which keys are compared as arrays of numbers."""

EXACT = Context(prec=2000, traps=[Inexact, Overflow, InvalidOperation])
"""Decimals of any numbers that an instance holds add up in it to the last digit; else it would say so."""


def total(values: Iterable[float]) -> Fraction:
    """Return the sum of numbers, each the decimal that a person wrote; fast where there are many."""
    found = ZERO_DECIMAL
    add = EXACT.add
    for text in map(repr, values):
        found = add(found, Decimal(text))
    return Fraction(found)


LEAST_USUAL = 1e-4
"""Numbers other than 0 that are smaller are written with an exponent by Python."""

MOST_TOLERANCE = Fraction(1, 1000)
"""The tolerance is never more than this, so that a whole unit always counts."""


def tolerance(limit: Fraction) -> Fraction:
    """Return by how much a limit may be exceeded: `TOLERANCE` relative to max(1, |limit|), up to `MOST_TOLERANCE`."""
    return min(TOLERANCE * max(Fraction(1), abs(limit)), MOST_TOLERANCE)


def within_limit(value: Fraction, limit: Fraction) -> bool:
    """Tell whether value <= limit, up to `tolerance`."""
    return bool(value <= limit + tolerance(limit))


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


def _printable(name: str) -> str:
    """Refuse control characters: a name is shown on terminals and in reports."""
    if any(ord(sign) < 32 or ord(sign) == 127 for sign in name):
        raise ValueError("a name must have no control characters")
    return name


def differ(columns: Sequence[Sequence[Any]]) -> bool:
    """Tell whether the rows of columns differ from each other, as far as 64 bits can tell them apart."""
    import numpy as np

    found: Any = 0
    size = 1
    for column in columns:
        if set(map(type, column)) == {int}:
            rows, count = np.array(column, dtype=np.int64), max(1, 1 + max(column))
        else:
            numbers = {value: number for number, value in enumerate(dict.fromkeys(column))}
            rows, count = np.fromiter(map(numbers.__getitem__, column), np.int64, len(column)), len(numbers)
        size *= count
        if size >= 2**63:
            return False
        found = found * count + rows
    found.sort()
    return bool((np.diff(found) > 0).all())


class Strict(BaseModel):
    """Strict and frozen: no coercion, no unknown key, no NaN, no change after it is made."""

    model_config: ClassVar[ConfigDict] = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)


class Table(Strict):
    """A table held as columns of equal length; row r is the r-th entry of every column.

    An optional column that is absent is None; `KEY` names the columns whose values
    together must be different in every row.
    """

    KEY: ClassVar[tuple[str, ...]] = ()

    def rows(self) -> int:
        """Return the number of rows."""
        return next((len(column) for column in self._columns().values()), 0)

    def _columns(self) -> dict[str, tuple[Any, ...]]:
        values = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: value for name, value in values.items() if isinstance(value, tuple)}

    def check(self, place: str) -> None:
        """Refuse columns of unequal length and repeated keys, naming the place."""
        columns = self._columns()
        rows = self.rows()
        for name, column in columns.items():
            if len(column) != rows:
                first = next(iter(columns))
                raise InputError(
                    f"every column of a table must have as many rows as its first ({first!r}: {rows})",
                    place=f"{place}/{name}",
                    value=len(column),
                    remedy="add the missing entries or remove the surplus ones",
                )
        self._check_key(place)

    def _check_key(self, place: str) -> None:
        if not self.KEY:
            return
        absent = (None,) * self.rows()
        columns = [getattr(self, name) for name in self.KEY]
        if len(absent) > MANY and differ([column for column in columns if column is not None]):
            return
        keys = list(zip(*(absent if column is None else column for column in columns), strict=True))
        if len(set(keys)) == len(keys):
            return
        seen: set[object] = set()
        for row, key in enumerate(keys):
            if key in seen:
                raise InputError(
                    f"each {listed(self.KEY)}{' together' if len(key) > 1 else ''} may appear only once",
                    place=f"{place}/{self.KEY[-1]}/{row}",
                    value=key_words(self.KEY, key),
                    remedy="remove or rename the repeated row",
                )
            seen.add(key)

    def check_reference(self, place: str, column: str, known: Mapping[str, int], what: str, home: str = "") -> None:
        """Refuse a value of `column` that is not among `known` (None is let through).

        known: row of each known name in the column at `home`.
        """
        values = getattr(self, column)
        if set(values) - {None} <= known.keys():
            return
        for row, value in enumerate(values):
            if value is not None and value not in known:
                raise misnamed(value, column, known, what, f"{place}/{column}/{row}", home)


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


@dataclass(frozen=True, order=True)
class Rule:
    """A rule of an instance under its business name, for one member (or the whole plant).

    name: the rule's name ("capacity"). members: what it binds ("S1",), in the user's ids.
    text: one sentence a planner understands. limit: its right-hand side, None when it has none.
    remedy: what to change, with {amount} where the amount goes, or {amount card} where cards are counted.
    """

    name: str
    members: tuple[str, ...] = ()
    text: str = field(default="", compare=False)
    limit: float | None = field(default=None, compare=False)
    remedy: str = field(default="", compare=False)


class Way(NamedTuple):
    """A way out where there is no plan: rules of one kind relaxed, all others kept.

    name: in words. rules: names of those relaxed. unit: what is counted over all of them, each at the same price;
    empty: they have no common unit, and each is priced by its share of its limit.
    """

    name: str
    rules: tuple[str, ...]
    unit: str = ""


def remedy(words: Mapping[str, str], rule: Rule) -> str:
    """Fill a rule's members into its remedy; user text is put in as it is, never read as a format."""
    text = words.get(rule.name, "")
    parts = text.split("{0}")
    if rule.members:
        text = rule.members[0].join(part.replace("{1}", rule.members[-1]) for part in parts)
    return text


@dataclass(frozen=True)
class Violation:
    """A rule that a plan breaks.

    rule, members: as in `Rule`. message: one sentence. short_by: by how much (unit of the rule).
    """

    rule: str
    members: tuple[str, ...]
    message: str
    short_by: float

    def to_dict(self) -> dict[str, Any]:
        """Return the violation as plain data."""
        return {
            "rule": self.rule,
            "members": list(self.members),
            "message": self.message,
            "short_by": self.short_by,
        }


@dataclass(frozen=True)
class Evaluation:
    """What the judge found: objective and terms recomputed from the plan, and every broken rule.

    objective is None when the plan cannot be priced (an unknown id, a wrong shape).
    terms sum up to the objective; of what is measured by simulation they also tell the half width of
    its confidence interval. exact is the objective as a fraction.
    evidence says how values were computed.
    """

    objective: float | None
    terms: dict[str, float]
    violations: tuple[Violation, ...]
    evidence: dict[str, Any] = field(default_factory=dict)
    exact: Fraction | None = None

    @property
    def feasible(self) -> bool:
        """True when the plan keeps every rule."""
        return not self.violations and self.objective is not None


def evaluation(
    terms: Mapping[str, Fraction], violations: Sequence[Violation], evidence: Mapping[str, Any]
) -> Evaluation:
    """Sum exact terms into an `Evaluation`."""
    total = sum(terms.values(), Fraction(0))
    return Evaluation(
        objective=float(total),
        terms={name: float(value) for name, value in terms.items()},
        violations=tuple(violations),
        evidence=dict(evidence),
        exact=total,
    )


def unpriced(violations: Sequence[Violation]) -> Evaluation:
    """Return the evaluation of a plan that cannot be priced."""
    return Evaluation(objective=None, terms={}, violations=tuple(violations), evidence={})


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


def canonical(data: Mapping[str, Any]) -> bytes:
    """Return plain data as JSON that is the same for the same data: keys in order, no blanks, UTF-8."""
    try:
        return pydantic_core.to_json(_in_order(data))
    except _UnusualError:
        return json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


class _UnusualError(Exception):
    """The two writers of JSON write a number differently; the swifter one writes 1e-05 as 0.00001."""


def _in_order(data: Any) -> Any:
    """Return data with all keys in order, if both writers of JSON write all its numbers alike."""
    if isinstance(data, dict):
        return {key: _in_order(data[key]) for key in sorted(data)}
    if isinstance(data, list):
        kinds = set(map(type, data))
        if kinds & {dict, list}:
            return [_in_order(entry) for entry in data]
        if float in kinds:
            _check_usual(data if kinds == {float} else [value for value in data if type(value) is float])
    elif type(data) is float:
        _check_usual([data])
    return data


def _check_usual(numbers: list[float]) -> None:
    if min(numbers) < LEAST_USUAL and min(map(abs, filter(None, numbers)), default=1.0) < LEAST_USUAL:
        raise _UnusualError


CHECKED = object()
"""Says of data that they are those of an instance."""


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
