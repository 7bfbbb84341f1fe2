"""`jitopt batch`."""

import sys
import warnings
from pathlib import Path
from typing import Annotated, Any

import typer

from jitopt.cli.failures import FAILED, INTERRUPTED, usage
from jitopt.cli.options import AsJson, Deterministic, Format, Gap, ShowProgress, WorkLimit, number_above_0, whole_from
from jitopt.cli.output import columns, emit, err, fit, out

__all__ = ["batch"]

ORDER = ("optimal", "feasible", "infeasible", "no_plan", "refused", "failed", "waiting")


def batch(
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="PATH...", help="Files, folders, globs or URLs; none with --resume: all that waits."),
    ] = None,
    store: Annotated[str, typer.Option("-o", "--store", metavar="STORE", help="File of the results (SQLite).")] = "",
    methods: Annotated[
        str,
        typer.Option("--methods", metavar="A,B", help="Methods, auto, or heuristic, exact, all; each for its problem."),
    ] = "auto",
    starts: Annotated[
        str,
        typer.Option("--starts", metavar="A,B", help="none, heuristic, or methods that make the plan to start from."),
    ] = "none",
    seeds: Annotated[str, typer.Option("--seeds", metavar="N,M", help="A job for each seed; 0-4 is five of them.")] = (
        "0"
    ),
    time_limit: Annotated[
        float, typer.Option("--time-limit", metavar="S", parser=number_above_0, help="Seconds of each job.")
    ] = 60.0,
    gap: Gap = 0.0,
    threads: Annotated[
        int, typer.Option("--threads", metavar="N", parser=whole_from(1), help="Threads of each job.")
    ] = 1,
    workers: Annotated[
        int | None,
        typer.Option("--workers", metavar="N", parser=whole_from(1), help="Jobs at a time; by default processors."),
    ] = None,
    memory_limit: Annotated[
        float | None,
        typer.Option("--memory-limit", metavar="MB", parser=number_above_0, help="Memory of each job."),
    ] = None,
    deterministic: Deterministic = False,
    work_limit: WorkLimit = None,
    cluster: Annotated[
        str | None,
        typer.Option("--cluster", metavar="ADDRESS", help="Scheduler of a Dask cluster; the jobs run there."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a store that holds jobs; nothing is done twice.")
    ] = False,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="With --resume: failed jobs again.")] = False,
    format: Format = None,
    as_json: AsJson = False,
    progress: ShowProgress = None,
) -> None:
    """Solve many instances by many methods; every job ends as one row of STORE, whatever happens.

    Exit code: 0 every job was answered (infeasible and no plan are answers), 1 some were refused or
    failed (their rows say why), 130 interrupted (go on with --resume), 2 bad usage or input.
    """
    from jitopt import batching

    if not store:
        raise usage("batch needs a store: add -o STORE, for instance -o results.sqlite.")
    if work_limit is not None and not deterministic:
        raise usage("--work-limit belongs to --deterministic: add it, or limit the time by --time-limit.")
    if retry_failed and not resume:
        raise usage("--retry-failed belongs to --resume.")
    if not paths and not resume:
        raise usage("batch needs instances: name files or folders, or go on with a store by --resume.")
    ticker = _Ticker(progress)
    interrupted = False
    try:
        with warnings.catch_warnings():
            warnings.showwarning = ticker.warn  # type: ignore[assignment]
            batching.batch(
                list(paths) if paths else None,
                store=store,
                methods=_words(methods),
                starts=_words(starts),
                seeds=_seeds(seeds),
                time_limit=time_limit,
                gap=gap,
                threads=threads,
                workers=workers,
                deterministic=deterministic,
                work_limit=work_limit,
                memory_limit=memory_limit,
                format=format,
                resume=resume,
                retry_failed=retry_failed,
                cluster=cluster,
                progress=ticker.show,
            ).close()
    except KeyboardInterrupt:
        interrupted = True
    finally:
        ticker.close()
    if interrupted and not Path(store).exists():
        raise KeyboardInterrupt
    raise typer.Exit(_end(store, interrupted, as_json))


def _words(text: str) -> list[str]:
    words = [word.strip() for word in text.split(",")]
    if not all(words):
        raise usage(f"{text!r} is no list of names; write them with commas between, without spaces.")
    return words


def _seeds(text: str) -> list[int]:
    found: list[int] = []
    for word in _words(text):
        first, dash, last = word.partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()) or len(word) > 20:
            raise usage(f"{word!r} is no seed; write whole numbers with commas between, or a range such as 0-4.")
        low, high = int(first), int(last if dash else first)
        if high < low or high - low >= 100_000:
            raise usage(f"{word!r} is no range of seeds; write the smaller number first.")
        found += range(low, high + 1)
    return found


def _end(store: str, interrupted: bool, as_json: bool) -> int:
    """Print the summary and return the exit code."""
    from jitopt.batching.store import Store

    with Store.open(store) as found:
        counts = found.counts()
        hash = found.objective_hash()
        rows = found.summary()
    if as_json:
        emit({"store": store, "counts": counts, "objective_hash": hash, "interrupted": interrupted, "methods": rows})
    else:
        shown = [status for status in ORDER if counts.get(status)]
        table = [
            [row["problem"] or "-", row["method"], *(row["counts"].get(status, 0) for status in shown), row["seconds"]]
            for row in rows
        ]
        out(columns(["problem", "method", *shown, "seconds"], table))
        total = sum(counts.values())
        out(f"\n{total} {'job' if total == 1 else 'jobs'} in {store}, hash of the objectives {hash[:16]}")
        if interrupted:
            out("interrupted; go on with --resume")
    if interrupted:
        return INTERRUPTED
    return FAILED if counts.get("refused") or counts.get("failed") or counts.get("waiting") else 0


class _Ticker:
    """Shows how far the batch is: over one line on a terminal, else a line now and then."""

    PAUSE = 10.0

    def __init__(self, wanted: bool | None) -> None:
        self._stream = sys.stderr
        self._terminal = self._stream is not None and self._stream.isatty()
        self._on = self._stream is not None and (self._terminal if wanted is None else wanted)
        self._last = -self.PAUSE
        self._open = False
        self._held: Any = None

    def show(self, moment: Any) -> None:
        """Show where the batch stands; away from a terminal hold it back for a while."""
        if not self._on:
            return
        self._held = moment
        if self._terminal or moment.seconds - self._last >= self.PAUSE:
            self._last = moment.seconds
            self._tell(moment)

    def _tell(self, moment: Any) -> None:
        self._held = None
        told = f"{moment.done} of {moment.total} jobs, {_duration(moment.seconds)}"
        for status in ("refused", "failed"):
            if moment.counts.get(status):
                told += f", {moment.counts[status]} {status}"
        if moment.done < moment.total:
            likely = "not known yet how long" if moment.left is None else f"about {_duration(moment.left)}"
            told += f"; {likely} to go, at most {_duration(moment.at_most)}"
        if self._terminal:
            self._stream.write("\r\x1b[K" + fit(told, 110))
            self._open = True
            self._stream.flush()
        else:
            err(told)

    def warn(self, message: Warning | str, *_where: Any) -> None:
        """Show a warning on a line of its own."""
        self.close()
        err(f"warning: {message}")

    def close(self) -> None:
        """Show what was held back, and end the line that is shown over and over."""
        if self._held is not None:
            self._tell(self._held)
        if self._open:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._open = False


def _duration(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 6000:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
