"""Store a small set of cases with the reference model's answers: `python -m tests.proof.freeze_vectors`.

The file lets the core of the proof run where the reference model is not installed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from nnasim import files
from tests.proof import cases
from tests.proof.case import Case, from_json, to_json

VECTORS = Path(__file__).with_name("vectors.json")
SEED, SIZE = 20, 18


def frozen_cases() -> Iterator[Case]:
    """Every operator, whole cells over 50 steps, the joint: as in ``cases.small``, but fewer values."""
    rng = np.random.default_rng(SEED)
    yield from cases.operator_cases(rng, SIZE)
    yield from cases.lstm_cases(rng, batch=1, units=4, inputs=3)
    yield from islice(cases.joint_cases(rng, frames=2, symbols=2, units=4, outputs=3), 4)
    yield from islice(cases.foreign_cases(rng, SIZE), 0, None, 4)


def load() -> list[tuple[Case, list[np.ndarray]]]:
    """The stored cases, each with the reference model's answer."""
    return [from_json(record) for record in files.read_json(VECTORS)["cases"]]


def main() -> None:
    """Write ``vectors.json`` beside this file."""
    from tests.proof import theirs

    records = [to_json(case, theirs.OPERATORS[case.operator](case)) for case in frozen_cases()]
    lines = ",\n".join(json.dumps(record, sort_keys=True, separators=(",", ":")) for record in records)
    head = '{"made_by":"python -m tests.proof.freeze_vectors","reference":"tosa-tools==2026.8.0","cases":[\n'
    files.write_bytes(VECTORS, f"{head}{lines}]}}\n".encode(), force=True)
    print(f"{VECTORS.name}: {len(records)} cases, {VECTORS.stat().st_size} bytes")


if __name__ == "__main__":
    main()
