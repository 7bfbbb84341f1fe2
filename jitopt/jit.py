"""Kernels and their two twins: the plain Python module, and the same source compiled by numba.

A kernel module marks its functions with `@kernel`, imports no numba, and reaches the kernels of
another file by ``twin(module, __name__)``. Imported in the ordinary way it is plain Python, the
reference. `compiled` loads the same file a second time, under a name of its own, and there
`kernel` is `numba.njit`. Machine code is kept in a private folder, one for each set of versions
and of kernel sources: numba by itself would not notice a change in a function that is called
from another file.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import os
import platform
import sys
import threading
from collections.abc import Callable
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from types import ModuleType

__all__ = [
    "cached",
    "cells",
    "compiled",
    "in_place",
    "inlined",
    "inner",
    "is_cached",
    "is_loaded",
    "kernel",
    "making",
    "mark_cached",
    "merged",
    "on_making",
    "plain",
    "twin",
]

F = TypeVar("F", bound=Callable[..., Any])

SUFFIX = "__compiled"
"""What the name of a compiled twin ends with."""

_loading = threading.RLock()

_listeners: list[Callable[[], object]] = []
"""Who is told before machine code is made; see `on_making`."""


def kernel(function: F) -> F:
    """Mark a kernel: plain Python as it stands, compiled at its first call in the compiled twin."""
    return _compile(function) if function.__module__.endswith(SUFFIX) else function


def in_place(function: F) -> F:
    """Mark a kernel that makes no array, only works on those it is given.

    It is compiled without the counting of references, which costs more than the work itself where
    small kernels hand records of many arrays to each other.
    """
    return _compile(function, _nrt=False, error_model="numpy") if function.__module__.endswith(SUFFIX) else function


def inlined(function: F) -> F:
    """Mark a small kernel as `in_place` does, whose machine code is put into that of its callers.

    For what is called so often that handing over the arrays would cost more than the work.
    """
    if not function.__module__.endswith(SUFFIX):
        return function
    options = {"forceinline": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    return _compile(function, _nrt=False, error_model="numpy", **options)


def inner(function: F) -> F:
    """Mark a kernel as `in_place` does that kernels alone call: no way into it from Python is compiled.

    That way takes every array of the call apart, and so as long to compile as a small kernel itself.
    """
    if not function.__module__.endswith(SUFFIX):
        return function
    return _compile(function, _nrt=False, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)


def merged(function: F) -> F:
    """Mark a kernel as `in_place` does, whose source is read as a part of its callers.

    For larger ones with a single caller: compiled once, where `inlined` compiles every level anew.
    """
    if not function.__module__.endswith(SUFFIX):
        return function
    return _compile(function, _nrt=False, error_model="numpy", inline="always")


def cells(array: Any, module: ModuleType) -> Any:
    """Return an array as the kernels of a module take it who are given no negative index (`jitopt.cells`)."""
    if not module.__name__.endswith(SUFFIX):
        return array
    from jitopt.cells import Cells

    return array.view(Cells)


def _compile(function: F, **options: Any) -> F:
    import numba

    folder = _folder(function.__module__.removesuffix(SUFFIX))
    settings: Any = numba.config
    before = settings.CACHE_DIR
    settings.CACHE_DIR = "" if folder is None else str(folder)
    try:
        compiled_function: F = numba.njit(cache=folder is not None, nogil=True, **options)(function)
    finally:
        settings.CACHE_DIR = before
    if folder is not None:
        from jitopt.turns import take_turns

        take_turns(compiled_function, folder / f"{function.__module__.removesuffix(SUFFIX)}.turn")
    return compiled_function


def plain(module: str) -> ModuleType:
    """Return the kernel module as plain Python."""
    return importlib.import_module(module)


def twin(module: str, caller: str) -> ModuleType:
    """Return a kernel module in the same form as its `caller` (the caller's ``__name__``)."""
    return compiled(module) if caller.endswith(SUFFIX) else plain(module)


def compiled(module: str) -> ModuleType:
    """Return the compiled twin of a kernel module; functions compile at their first call.

    With the environment variable NUMBA_DISABLE_JIT=1 it is the plain module.
    """
    if os.environ.get("NUMBA_DISABLE_JIT") == "1":
        return plain(module)
    name = module + SUFFIX
    with _loading:
        if name in sys.modules:
            return sys.modules[name]
        spec = importlib.util.spec_from_file_location(name, _origin(module))
        assert spec is not None and spec.loader is not None
        loaded = importlib.util.module_from_spec(spec)
        sys.modules[name] = loaded
        try:
            spec.loader.exec_module(loaded)
        except BaseException:
            del sys.modules[name]
            raise
    return loaded


def cache_folder() -> Path | None:
    """Return the private folder for machine code of these versions, None where none can be written."""
    base = os.environ.get("JITOPT_CACHE") or os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    try:
        folder = Path(base).expanduser() / "jitopt" / "kernels" / _versions()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if hasattr(os, "getuid") and folder.stat().st_uid != os.getuid():
            return None  # Machine code is loaded from it: it must be our own.
        probe = folder / f".probe-{os.getpid()}-{threading.get_ident()}"
        probe.touch()
        probe.unlink()
    except (OSError, RuntimeError):
        return None
    return folder


@lru_cache(maxsize=1)
def _versions() -> str:
    libraries = (version(name) for name in ("numba", "llvmlite", "numpy"))
    return "-".join((platform.python_version(), platform.machine(), *libraries))


def is_cached(module: str) -> bool:
    """Tell whether the module's kernels were compiled before, so that loading them is quick."""
    folder = _folder(module)
    return folder is not None and (folder / f"{module}.ready").exists()


def is_loaded(module: str) -> bool:
    """Tell whether this process has the compiled twin of the module in hand."""
    return module + SUFFIX in sys.modules


def cached(package: str) -> list[str]:
    """Return the names of the kernel modules of a package that were compiled before."""
    folder = _folder(f"{package}.__init__")
    return [] if folder is None else sorted(file.stem.rpartition(".")[2] for file in folder.glob("*.ready"))


def on_making(listener: Callable[[], object] | None) -> None:
    """Have a listener called, instead of the one before, when somebody is about to wait for machine code."""
    _listeners[:] = [] if listener is None else [listener]


def making(module: str) -> None:
    """Tell the listener that a module's kernels will be made now, if they are neither loaded nor cached."""
    if os.environ.get("NUMBA_DISABLE_JIT") == "1" or is_loaded(module) or is_cached(module):
        return
    for listener in _listeners:
        listener()


def mark_cached(module: str) -> None:
    """Note that the module's kernels have been compiled once."""
    folder = _folder(module)
    if folder is not None:
        folder.mkdir(exist_ok=True)
        (folder / f"{module}.ready").touch()


def _folder(module: str) -> Path | None:
    """Return the folder for the machine code of a module: one for each state of its sources."""
    folder = cache_folder()
    return None if folder is None else folder / _digest(_origin(module).parent)


@lru_cache(maxsize=16)
def _digest(folder: Path) -> str:
    """Hash every source file beside a kernel module, for kernels call each other across files."""
    found = hashlib.sha256(str(folder).encode())
    for file in [Path(__file__), Path(__file__).with_name("cells.py"), *sorted(folder.glob("*.py"))]:
        found.update(file.name.encode() + b"\0" + file.read_bytes())
    return found.hexdigest()[:16]


def _origin(module: str) -> Path:
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"No kernel module named {module!r}", name=module)
    return Path(spec.origin)
