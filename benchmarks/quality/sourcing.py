"""Sourcing against proven optima and against plain HiGHS, side by side in one run.

    JITOPT_DATA=... python benchmarks/quality/sourcing.py [--seconds 20] [--seed 0]

OR-Library capacitated location as one-period sourcing. The peer is the plain model a user would write
for `scipy.optimize.milp` (HiGHS): shares, one Boolean per site, aggregated capacity rows.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from table import data_folder, gap, ours, peer, show

import jitopt

PEER = Path(__file__).parent / "peer_scipy_location.py"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    folder = data_folder() / "orlib_cap"
    rows = []
    for line in (folder / "best_known.txt").read_text(encoding="utf-8").splitlines():
        name, best = line.split()[0], float(line.split()[1])
        file = folder / f"{name}.txt"
        if not file.exists():
            continue
        instance = jitopt.read(file)
        mine = ours(instance, "auto", arguments.seconds, arguments.seed)
        quick = ours(instance, "sourcing_assign", min(2.0, arguments.seconds), arguments.seed)
        theirs = peer(PEER, instance.to_dict(), arguments.seconds)
        rows.append(
            {
                "instance": name,
                "best known": f"{best:.3f}",
                "auto": gap(mine["objective"], best),
                "status": mine["status"],
                "seconds": f"{mine['seconds']:.2f}",
                "heuristic 2 s": gap(quick["objective"], best),
                "plain HiGHS": gap(theirs["objective"], best),
                "its seconds": f"{theirs['seconds']:.2f}",
            }
        )
    show(rows)


if __name__ == "__main__":
    main()
