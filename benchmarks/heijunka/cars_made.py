"""Write car sequencing instances that nobody has tuned for, in the format of CSPLib, to a folder for `cars.py`.

    python benchmarks/heijunka/cars_made.py FOLDER --seed 1 --hidden 4 --tight 6

`hidden_*`: 200 cars from a sequence that keeps every rule, so 0 is known. `tight_*`: 200 to 400 cars of random classes,
each option used to 85 to 100 % of what its windows hold; their best value is unknown.
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path

MOST, LENGTH = (1, 2, 1, 2, 1), (2, 3, 3, 5, 5)
"""Capacities of the published instances."""

Class = tuple[int, ...]


def classes_of(dice: random.Random, many: int) -> list[Class]:
    """Return so many different sets of options, each as ones and zeros."""
    every = [tuple(number >> o & 1 for o in range(5)) for number in range(1, 32)]
    return dice.sample(every, many)


def hidden(dice: random.Random, cars: int = 200) -> dict[Class, int]:
    """Return the cars of each class of a random sequence that keeps every rule."""
    while True:
        classes, built = [*classes_of(dice, dice.randint(17, 23)), (0,) * 5], list[Class]()
        liking = {one: dice.random() * 3 ** sum(one) for one in classes}
        for _ in range(cars):
            room = [
                MOST[o] - sum(one[o] for one in built[len(built) - LENGTH[o] + 1 :] if len(built)) > 0 for o in range(5)
            ]
            open_ones = [one for one in classes if all(r or not has for r, has in zip(room, one, strict=True))]
            built.append(dice.choices(open_ones, [liking[one] for one in open_ones])[0])
        demand = {one: built.count(one) for one in classes}
        if demand[(0,) * 5] < cars // 4:
            return demand


def tight(dice: random.Random, cars: int) -> dict[Class, int]:
    """Return the cars of each of 20 to 26 classes so that every option is used to 85 to 100 %."""
    classes = classes_of(dice, dice.randint(20, 26))
    room = [cars // q * p + min(cars % q, p) for p, q in zip(MOST, LENGTH, strict=True)]
    wanted = [round(dice.uniform(0.85, 1.0) * r) for r in room]
    demand = {one: 1 for one in classes}
    for one in dice.choices(classes, k=cars - len(classes)):
        demand[one] += 1

    def miss() -> int:
        return sum(abs(sum(d for one, d in demand.items() if one[o]) - wanted[o]) for o in range(5))

    away = miss()
    for _ in range(20_000):
        one, other = dice.sample(classes, 2)
        if demand[one] == 1:
            continue
        demand[one] -= 1
        demand[other] += 1
        after = miss()
        if after <= away:
            away = after
        else:
            demand[one] += 1
            demand[other] -= 1
    return demand


def write(path: Path, demand: dict[Class, int]) -> None:
    """Write an instance as CSPLib does."""
    demand = {one: d for one, d in demand.items() if d}
    lines = [f"{sum(demand.values())} 5 {len(demand)}", " ".join(map(str, MOST)), " ".join(map(str, LENGTH))]
    lines += [f"{k} {d} {' '.join(map(str, one))}" for k, (one, d) in enumerate(demand.items())]
    path.write_text("\n".join(lines) + "\n")


def main() -> None:
    """Write the instances and what is known of them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--hidden", type=int, default=4)
    parser.add_argument("--tight", type=int, default=6)
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    known = ["file,name,cars,best_known_violations"]
    for number in range(asked.hidden):
        name = f"hidden_{number:02}"
        write(asked.folder / f"{name}.txt", hidden(random.Random(f"{asked.seed} {name}")))
        known.append(f"{name}.txt,{name},200,0")
    for number in range(asked.tight):
        name, cars = f"tight_{number:02}", (200, 300, 400)[number % 3]
        write(asked.folder / f"{name}.txt", tight(random.Random(f"{asked.seed} {name}"), cars))
    (asked.folder / "best_known.csv").write_text("\n".join(known) + "\n")


if __name__ == "__main__":
    main()
