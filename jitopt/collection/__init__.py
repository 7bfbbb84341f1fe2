"""The open library of just-in-time instances: list, read, verify, submit.

The data stand in `instances/` (installed as `jitopt.instances`). An instance file says what is asked
and what is known; `instances/manifest.json` lists the files. What a file says is derived from it and
never written twice by hand: `verify` derives it again and compares.
"""

from jitopt.collection.entries import Entry, Generator, Library
from jitopt.collection.manifest import library
from jitopt.collection.submission import Receipt, submit
from jitopt.collection.verification import update, verify

__all__ = ["Entry", "Generator", "Library", "Receipt", "library", "submit", "update", "verify"]
