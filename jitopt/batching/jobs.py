"""What a job is: an instance by its content, a method and its settings; its key is the hash of these."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from jitopt import registry
from jitopt.engine.solve import Request
from jitopt.errors import InputError, UnknownMethodError
from jitopt.problems import PROBLEMS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["GROUPS", "Setting", "content_hash", "expand", "job_key", "settings_of", "unreachable"]

GROUPS = ("heuristic", "exact", "all")
"""Words for several methods: the heuristics of a problem, its formulations, or auto and all of them."""

NO_START = "none"


@dataclass(frozen=True)
class Setting:
    """How an instance is to be solved; see `jitopt.solve`.

    start: "none", "heuristic" (the first of the problem) or a method, whose plan is handed over.
    memory_limit: of the whole job [MB], None: a share of the machine's.
    """

    method: str = "auto"
    start: str = NO_START
    time_limit: float = 60.0
    gap: float = 0.0
    seed: int = 0
    threads: int = 1
    deterministic: bool = False
    work_limit: float | None = None
    memory_limit: float | None = None
    solver_options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # 10 and 10.0 seconds are the same setting, and give the same key.
        for name in ("time_limit", "gap", "work_limit", "memory_limit"):
            value = getattr(self, name)
            if isinstance(value, int) and not isinstance(value, bool):
                object.__setattr__(self, name, float(value))

    def check(self) -> None:
        """Refuse what `jitopt.solve` would refuse.

        Raises
        ------
        InputError
            Naming the setting, its value and its rule.
        """
        request = Request(
            method=self.method,
            time_limit=self.time_limit,
            gap=self.gap,
            seed=self.seed,
            threads=self.threads,
            deterministic=self.deterministic,
            work_limit=self.work_limit,
            solver_options=self.solver_options,
        )
        request.settings(0.0)
        if not isinstance(self.deterministic, bool):
            raise InputError("deterministic must be True or False", value=self.deterministic, remedy="correct it")
        memory = self.memory_limit
        if memory is not None and not (isinstance(memory, float) and 0 < memory < float("inf")):
            raise InputError("memory_limit must be a number above 0 [MB]", value=memory, remedy="correct it")

    @cached_property
    def text(self) -> str:
        """The setting as canonical JSON."""
        told = {one.name: getattr(self, one.name) for one in fields(self)}
        return json.dumps(told, sort_keys=True, separators=(",", ":"), allow_nan=False)

    @classmethod
    def parse(cls, text: str) -> Setting:
        """Read a setting back."""
        return cls(**json.loads(text))


def content_hash(data: bytes, format: str | None) -> str:
    """Return the hash of what an instance was read from."""
    return hashlib.sha256(f"{format or ''}\0".encode() + data).hexdigest()


def unreachable(source: str, format: str | None) -> str:
    """Return what stands for the hash of a source that could not be fetched."""
    return content_hash(f"unreachable {source}".encode(), format)


def job_key(instance: str, setting: Setting) -> str:
    """Return the key of a job; instance: the hash of its content."""
    return hashlib.sha256(f"{instance}\0{setting.text}".encode()).hexdigest()


def settings_of(
    methods: Sequence[str], starts: Sequence[str], seeds: Sequence[int], **common: Any
) -> tuple[Setting, ...]:
    """Return a setting for each seed, method and start, seeds outermost; checked.

    Raises
    ------
    InputError
        For a setting that cannot be.
    UnknownMethodError
        For a word that is a method of no problem.
    """
    for name, given in (("methods", methods), ("starts", starts), ("seeds", seeds)):
        if not given:
            raise InputError(f"there must be at least one of {name}", remedy="name one, or leave it out")
    for word in (*methods, *starts):
        _check_word(word)
    found = [
        Setting(method=method, start=start, seed=seed, **common)
        for seed in dict.fromkeys(seeds)
        for method in dict.fromkeys(methods)
        for start in dict.fromkeys(starts)
    ]
    for setting in found:
        setting.check()
    return tuple(found)


def _check_word(word: object) -> None:
    if not isinstance(word, str):
        raise InputError("a method is given by its name", value=word, remedy="see `jitopt methods`")
    if word in ("auto", NO_START, *GROUPS) or any(_named(word, problem) for problem in PROBLEMS):
        return
    known = ", ".join(method.name for method in registry.methods())
    raise UnknownMethodError(f"There is no method {word!r}. There are: auto, {', '.join(GROUPS)}, {known}.")


def expand(settings: Iterable[Setting], problem: str | None, size: Mapping[str, int]) -> list[Setting]:
    """Return the settings of an instance's jobs: words for several methods resolved, those of other problems left out.

    problem: None where the file could not be read; then every setting stands for one job. size: of
    the instance; a word for several methods leaves out those that cannot express it.
    """
    if problem is None:
        return list(settings)
    found: dict[str, Setting] = {}
    for setting in settings:
        start = _start(setting.start, problem, size)
        for method in _methods(setting.method, problem, size):
            if start is not None and start != method:
                chosen = replace(setting, method=method, start=start)
                found.setdefault(chosen.text, chosen)
    return list(found.values())


def _methods(word: str, problem: str, size: Mapping[str, int]) -> list[str]:
    if word == "auto":
        return ["auto"]
    if word in GROUPS:
        kinds = {"heuristic": ("heuristic",), "exact": ("formulation",)}.get(word, ("formulation", "heuristic"))
        listed = [method for method in registry.methods(problem) if method.kind in kinds and expresses(method, size)]
        return ["auto"] * (word == "all") + [method.name for method in listed]
    name = _named(word, problem)
    return [name] if name else []


def expresses(method: registry.Method, size: Mapping[str, int]) -> bool:
    """Tell whether a method can express an instance, by what it says: `up_to` 0 of something is none of it.

    A method for one pure form, or one that `auto` leaves out, is taken by its own name only.
    """
    return (
        method.auto
        and not method.form
        and all(not size.get(key, 0) for key, limit in method.up_to.items() if limit == 0)
    )


def _start(word: str, problem: str, size: Mapping[str, int]) -> str | None:
    if word in (NO_START, "auto"):
        return word
    if word == "heuristic":
        listed = registry.methods(problem)
        return next((m.name for m in listed if m.kind == "heuristic" and expresses(m, size)), None)
    return _named(word, problem)


def _named(word: str, problem: str) -> str | None:
    try:
        return registry.method(word, problem).name
    except UnknownMethodError:
        return None
