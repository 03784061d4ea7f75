"""The arithmetic against Arm's reference model, value by value: `python -m tests.proof.run_tosa_agreement`.

Prints, per operator, how many values were compared and how many differ; exit code 1 if any does.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterable

import numpy as np

from tests.proof import cases, ours, theirs
from tests.proof.case import Case


def mismatches(case: Case) -> tuple[int, int]:
    """(values compared, values that differ) of one case. ValueError where the shapes differ."""
    compared = different = 0
    for output, reference in zip(
        ours.OPERATORS[case.operator](case), theirs.OPERATORS[case.operator](case), strict=True
    ):
        if output.shape != reference.shape:
            raise ValueError(f"{case.operator}, {case.name}: shape {output.shape} against {reference.shape}")
        compared += output.size
        different += int(np.count_nonzero(output != reference))
    return compared, different


def count(all_cases: Iterable[Case]) -> tuple[Counter[str], Counter[str]]:
    """Values compared and values that differ, by operator."""
    compared, different = Counter[str](), Counter[str]()
    for case in all_cases:
        values, wrong = mismatches(case)
        compared[case.operator] += values
        different[case.operator] += wrong
        if wrong:
            print(f"{case.operator}, {case.name}: {wrong} of {values} differ", file=sys.stderr)
    return compared, different


def main() -> int:
    """Compare at least ``--values`` values: the whole set of cases as often as that takes, each time a new seed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--values", type=int, default=10_000_000, help="values to compare at least")
    parser.add_argument("--size", type=int, default=100_000, help="values of one ordinary case")
    parser.add_argument("--seed", type=int, default=2026, help="first seed")
    arguments = parser.parse_args()
    compared, different, start, rounds = Counter[str](), Counter[str](), time.process_time(), 0
    while compared.total() < arguments.values:
        more, wrong = count(cases.full(arguments.seed + rounds, arguments.size))
        compared, different, rounds = compared + more, different + wrong, rounds + 1
    print(f"{'operator':<12}{'values':>12}{'differ':>8}")
    for operator, values in compared.items():
        print(f"{operator:<12}{values:>12,}{different[operator]:>8}")
    print(f"{'total':<12}{compared.total():>12,}{different.total():>8}   {time.process_time() - start:.0f} s of CPU")
    return 1 if different.total() else 0


if __name__ == "__main__":
    sys.exit(main())
