"""A worker of a batch: `python -m jitopt.batching.worker`. Tasks in on standard input, answers out.

A thread of its own reads the input: it hears "stop" while a task runs, and ends the process when
the batch is gone. Solvers run in processes of the engine below this one, which end with it.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import threading
from _thread import interrupt_main
from typing import Any

from jitopt.batching.work import run_task
from jitopt.engine.process import shut_down
from jitopt.engine.wire import Sender, read_message
from jitopt.engine.worker import enter

__all__ = ["main"]


class _State:
    """What the reading thread and the working one share."""

    def __init__(self) -> None:
        self.tasks: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self.lock = threading.Lock()
        self.stopped = False
        self.running = False


def main() -> None:
    """Serve tasks until the input ends."""
    source, sender = enter()
    # The reading thread interrupts a running task the way Ctrl-C does.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    state = _State()
    threading.Thread(target=_listen, args=(source, state), daemon=True).start()
    sender.send(type="ready", pid=os.getpid())
    with contextlib.suppress(KeyboardInterrupt):
        _serve(state, sender)
    shut_down()


def _serve(state: _State, sender: Sender) -> None:
    while (task := state.tasks.get()) is not None:
        with state.lock:
            if state.stopped:
                return
            state.running = True
        sender.send(type="begin", id=task["id"])
        answer = run_task(task)
        with state.lock:
            state.running = False
        sender.send(type="answer", answer=answer)


def _listen(source: int, state: _State) -> None:
    while True:
        message = read_message(source)
        if message is None:
            os._exit(0)
        if message["type"] == "tasks":
            for task in message["tasks"]:
                state.tasks.put(task)
        elif message["type"] == "stop":
            with state.lock:
                state.stopped = True
                if state.running:
                    interrupt_main()
            state.tasks.put(None)


if __name__ == "__main__":
    main()
