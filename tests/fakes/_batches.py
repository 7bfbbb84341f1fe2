"""What the tests of batches share: tiny instances, desks without workers, commands in processes of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from jitopt.batching.desk import Desk
from jitopt.batching.jobs import Setting, content_hash
from jitopt.batching.rows import Incoming

LIBRARY = Path(__file__).parents[2] / "instances"


def kanban(folder: Path, *names: str) -> list[Path]:
    """Write a tiny kanban instance under each name; they differ in nothing but the name."""
    told = json.loads((LIBRARY / "kanban" / "card_formula_11.json").read_text(encoding="utf-8"))
    folder.mkdir(parents=True, exist_ok=True)
    found = []
    for name in names:
        file = folder / f"{name}.json"
        file.write_text(json.dumps({**told, "name": name}), encoding="utf-8")
        found.append(file)
    return found


def heijunka(folder: Path, name: str, **changes: Any) -> Path:
    """Write the textbook vector 2, 3, 5 under a name."""
    told: dict[str, Any] = {
        "problem": "heijunka",
        "version": 1,
        "name": name,
        "products": {"product": ["A", "B", "C"], "demand": [2, 3, 5]},
        "objective": [{"term": "rate", "measure": "sum_squared"}],
    }
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.json"
    file.write_text(json.dumps({**told, **changes}), encoding="utf-8")
    return file


def incoming(name: str, **changes: Any) -> Incoming:
    """Return an instance as the desk takes it; its content is its name."""
    data = name.encode()
    told: dict[str, Any] = {"problem": "kanban", "name": name, "size": {"loops": 1}, **changes}
    return Incoming(content_hash(data, None), f"{name}.json", name, None, "tests", data, **told)


def desk(path: Path, *names: str, setting: Setting | None = None, resume: bool = True) -> Desk:
    """Return a desk at which the named instances were put down."""
    opened = Desk(path, {"told": "by a test"})
    opened.open_for(resume, reads=True)
    if names:
        opened.put([(incoming(name), (setting or Setting(),)) for name in names])
    opened.listed([])
    return opened


def answer(key: str, objective: float = 1.0, status: str = "optimal") -> dict[str, Any]:
    """Return the answer to a job."""
    return {"id": key, "status": status, "objective": objective, "seconds": 0.1}


def vanish(gone: Desk) -> None:
    """Let a batch end as if its process had been killed: nothing is given back."""
    gone._connection.close()
    gone._owner.end()


def command(*words: str, **options: Any) -> subprocess.Popen[str]:
    """Start `jitopt batch` in a process of its own."""
    told: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **options}
    return subprocess.Popen([sys.executable, "-m", "jitopt.cli", "batch", *words], **told)
