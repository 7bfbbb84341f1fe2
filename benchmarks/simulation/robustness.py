"""What a wrong setting costs: push by its release rate, CONWIP by its cards, exactly and simulated.

python benchmarks/simulation/robustness.py [STATIONS]

Ends with code 1 where a rate of 10 % too much costs less than 10 % too many cards.
"""

from __future__ import annotations

import sys

from jitopt.improving.robustness import Line, losses, simulated_losses

ERROR = 0.1


def main(stations: int = 4) -> int:
    """Print the losses, and tell whether CONWIP is the more robust."""
    line = Line(stations=stations)
    print(f"{stations} stations: best rate {line.best_rate:.3f}, best cards {line.best_cards}")
    print("share of the best profit that an error costs, exactly\n error      push    CONWIP")
    exact = losses(line)
    for error, push, conwip in zip(*exact.values(), strict=True):
        print(f"{error:+6.0%}  {push:8.2%}  {conwip:8.2%}")
    told = simulated_losses(line, (-ERROR, ERROR))
    print("simulated, with 95 % intervals\n error                 push               CONWIP        push - CONWIP")
    for error, *found in zip(*told.values(), strict=True):
        print(f"{error:+6.0%}  " + "  ".join(f"{one.mean:8.2%} +- {one.half_width:6.2%}" for one in found))
    at = exact["error"].index(ERROR)
    robust = exact["push"][at] > exact["conwip"][at] and all(one.low > 0 for one in told["difference"])
    print("CONWIP is the more robust" if robust else "CONWIP is NOT the more robust")
    return 0 if robust else 1


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:2])))
