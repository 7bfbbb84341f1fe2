"""The registry: every method (formulation or heuristic) by name, listed without importing it.

A method is a Python file that says what it is in a literal dictionary, `FORMULATION` or
`HEURISTIC`. The registry reads that dictionary from the source text, so that listing costs no
import of a solver. Methods come from `models/`, from `jitopt/heuristics/`, from the entry points
`jitopt.formulations` and `jitopt.heuristics` of installed packages, and from `register`.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import os
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast

from jitopt.errors import JitoptError, UnknownMethodError
from jitopt.problems import PROBLEMS

if TYPE_CHECKING:
    from jitopt.problems.base import Instance

__all__ = ["Formulation", "Heuristic", "Method", "formulation", "method", "methods", "register"]

Value = Callable[[Any], float]
"""The value of a variable of a model."""

RuleKey = tuple[str, tuple[str, ...]]
"""A rule's name and members."""


class Formulation(Protocol):
    """What a formulation file offers; see `CONTRIBUTING.md`."""

    FORMULATION: dict[str, Any]

    def build(self, instance: Any, elastic: Mapping[RuleKey, float] | None = None) -> Any:
        """Return the model object of the formulation's technology.

        With `elastic`, each listed rule gets a slack and the objective is their priced sum.
        """

    def extract(self, instance: Any, model: Any, value: Value) -> Any:
        """Return the plan that the variables' values describe."""

    def start(self, instance: Any, model: Any, plan: Any) -> list[tuple[Any, float]]:
        """Return a value for every integer variable, so that the solver can start from `plan`."""


class Heuristic(Protocol):
    """What a heuristic file offers; see `CONTRIBUTING.md`."""

    HEURISTIC: dict[str, Any]

    def run(self, instance: Any, context: Any) -> None:
        """Search, reporting plans and bounds to `context` until it says stop."""


@dataclass(frozen=True)
class Method:
    """A road to a plan.

    name: as given to `method=`. kind: "formulation" or "heuristic". family: the worker process
    it runs in. up_to: largest size for which `auto` uses it, by the keys of `Instance.size`.
    proof: what stands behind a bound of its own that meets the plan ("exact_algorithm"), as a
    heuristic's dictionary says; "" where the engine derives it. once: a run that came to its end
    leaves nothing to a run with another seed. endless: it may search on without a proof, so that the
    exact roads have their turn too. form: the pure form that an instance must have (`Instance.forms`),
    "" for any. auto: whether `auto` uses it at all. patience, share: how long one with a form searches
    before the exact roads: this many times as long as to its last progress, this share of the time.
    """

    name: str
    problem: str
    kind: Literal["formulation", "heuristic"]
    technology: str
    solver: str
    family: str
    module: str
    file: str
    summary: str
    source: str
    page: str
    exact: bool
    up_to: Mapping[str, int] = field(default_factory=dict)
    proof: str = ""
    once: bool = False
    endless: bool = False
    form: str = ""
    auto: bool = True
    patience: float = 10.0
    share: float = 0.9

    @property
    def short(self) -> str:
        """The name without the problem's word."""
        return self.name.removeprefix(f"{self.problem}_")

    def load(self) -> Any:
        """Import the method's module."""
        return importlib.import_module(self.module)

    def fits(self, size: Mapping[str, int]) -> bool:
        """Tell whether an instance of this size is within the method's size class."""
        return all(size.get(key, 0) <= limit for key, limit in self.up_to.items())

    def suits(self, instance: Instance[Any]) -> bool:
        """Tell whether the instance is within the size class and has the form that the method needs."""
        return self.fits(instance.size()) and (not self.form or self.form in instance.forms())


FAMILIES = {"pyomo": "highs", "cpsat": "ortools", "mathopt": "ortools", "numba": "heuristic"}
"""Worker family of each technology: one family of solver libraries per process."""

_REGISTERED: dict[str, str] = {}

_parsing = threading.Lock()
"""CPython 3.11 fails when several threads make syntax trees at once."""


def register(module: str) -> Method:
    """Add the method in `module` (an importable dotted name) for this process and its workers.

    Raises
    ------
    JitoptError
        If the module is not found or says nothing of itself.
    """
    found = _describe(module)
    _REGISTERED[module] = found.name
    _listing.cache_clear()
    return found


def registered() -> tuple[str, ...]:
    """Return the modules added by `register`, to be handed to the workers."""
    return tuple(_REGISTERED)


def methods(problem: str | None = None) -> list[Method]:
    """Return every method, or those of one problem, heuristics first."""
    found = [m for m in _listing().values() if problem in (None, m.problem)]
    return sorted(found, key=lambda m: (m.problem, m.kind != "heuristic", m.name))


def method(name: str, problem: str | None = None) -> Method:
    """Return the method of this name (the problem's word in front may be left out).

    Raises
    ------
    UnknownMethodError
        With the list of the methods there are.
    """
    listing = _listing()
    for key in (name, f"{problem}_{name}"):
        if key in listing and problem in (None, listing[key].problem):
            return listing[key]
    have = ", ".join(["auto", *(m.name for m in methods(problem))])
    what = f"for {problem} " if problem else ""
    raise UnknownMethodError(f"There is no method {name!r} {what}here. Methods: {have}.")


def formulation(name: str) -> Formulation:
    """Return the formulation of this name, imported: its `build`, `extract` and `start`."""
    found = method(name)
    if found.kind != "formulation":
        raise UnknownMethodError(f"{name!r} is a heuristic, not a formulation: it has no model to build.")
    return cast("Formulation", found.load())


@lru_cache(maxsize=1)
def _listing() -> dict[str, Method]:
    found: dict[str, Method] = {}
    for module in [*_own(), *_plugins(), *_REGISTERED]:
        entry = _describe(module)
        found[entry.name] = entry
    return found


def _own() -> list[str]:
    """Modules of models/ and jitopt/heuristics/, by file name."""
    names = []
    for package in ("jitopt.models", "jitopt.heuristics"):
        spec = importlib.util.find_spec(package)
        if spec is None:
            raise JitoptError(
                "jitopt is imported from a source tree that is not installed, so its models are not found. "
                "Remedy: run `pip install -e .` in that tree, or leave its folder."
            )
        for folder in spec.submodule_search_locations or []:
            words = tuple(f"{problem}_" for problem in PROBLEMS)
            files = sorted(Path(folder).glob("*.py"))
            names += [f"{package}.{file.stem}" for file in files if file.stem.startswith(words)]
    return names


def _plugins() -> list[str]:
    groups = ("jitopt.formulations", "jitopt.heuristics")
    return [entry.value for group in groups for entry in entry_points(group=group)]


def _describe(module: str) -> Method:
    """Read what a module says of itself, without importing it."""
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        spec = None
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        raise JitoptError(f"The method module {module!r} is not found on the import path.")
    with _parsing:
        tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8"), filename=spec.origin)
    for node in tree.body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        word = target.id if isinstance(target, ast.Name) else ""
        if word in ("FORMULATION", "HEURISTIC") and isinstance(node, ast.Assign | ast.AnnAssign):
            return _entry(module, spec.origin, word, ast.literal_eval(node.value or ast.Constant(None)))
    raise JitoptError(f"{spec.origin} has neither FORMULATION nor HEURISTIC, a literal dictionary.")


def _entry(module: str, file: str, word: str, told: dict[str, Any]) -> Method:
    kind: Literal["formulation", "heuristic"] = "formulation" if word == "FORMULATION" else "heuristic"
    technology = str(told.get("technology", "numba"))
    if technology not in FAMILIES:
        raise JitoptError(f"{file}: technology {technology!r} is not supported; use one of {', '.join(FAMILIES)}.")
    family = FAMILIES[technology]
    if kind == "heuristic" and not module.startswith("jitopt."):
        family = f"plugin:{module}"
    try:
        return Method(
            name=told["name"],
            problem=told["problem"],
            kind=kind,
            technology=technology,
            solver=str(told.get("solver", "own")),
            family=family,
            module=module,
            file=file,
            summary=told["summary"],
            source=told["source"],
            page=str(told.get("page", "")),
            exact=bool(told.get("exact", False)),
            up_to=dict(told.get("up_to", {})),
            proof=str(told.get("proof", "")),
            once=bool(told.get("once", False)),
            endless=bool(told.get("endless", False)),
            form=str(told.get("form", "")),
            auto=bool(told.get("auto", True)),
            patience=float(told.get("patience", Method.patience)),
            share=float(told.get("share", Method.share)),
        )
    except KeyError as error:
        raise JitoptError(f"{file}: {word} lacks the key {error}.") from None


def import_path() -> list[str]:
    """Return the import path to hand to a worker, so that it finds what this process finds."""
    return [entry or os.getcwd() for entry in sys.path]


def handed_on() -> dict[str, list[str]]:
    """Return what another process must know to find the same methods: import path and registered modules."""
    return {"path": import_path(), "registered": list(registered())}


def take_over(told: Mapping[str, Any]) -> None:
    """Know what the process knows that has `handed_on` this."""
    sys.path.extend(entry for entry in told["path"] if entry not in sys.path)
    for module in told["registered"]:
        if module not in registered():
            importlib.invalidate_caches()
            register(module)
