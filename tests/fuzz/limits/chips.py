"""Attacks on the limits of traces, streams, chips, sweeps, stores and journals."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.fuzz.limits.over import Over, Write, changed, no_file, sparse, text

TRACE = "simulate h.json --out out.json --quiet"
SHARED = "--streams 1024 --out out.json --quiet"
SWEEP = "sweep h.yaml --store out.sqlite --dry-run --jobs 1"
EXPORT = "sweep-export h.sqlite --out out.csv"
SEARCH = "search sweep.yaml --store out.sqlite --trials 1 --jobs 1 --storage h.log"
AXIS = "{host.handoff_us: {list: [1, 2]}}"


def of_tensor(shape: Callable[[int], list[int]]) -> Write:
    """A trace whose first tensor has this shape."""
    return changed("h.json", "small.json", lambda t, n: next(iter(t["tensors"].values())).update(shape=shape(n)))


def of_graph(trace: Any, number: int) -> None:
    """So many operations in the first graph, each of a name of its own."""
    ops = next(iter(trace["graphs"].values()))["ops"]
    ops += [{**ops[-1], "name": f"o{place}"} for place in range(number - len(ops))]


def many_frames(folder: Path, number: int) -> None:
    """A trace of so many frames that 64 times 1,024 streams of it have as many as the number, or more."""
    from nnasim.ir.io import write_record
    from tests.nnasim.cli.test_compare_results import TINY
    from workloads.rnnt.builder import build_trace

    write_record(folder / "h.json", build_trace(TINY, -(-number // 2**16), 0, system="aat"))


def many_calls(folder: Path, number: int) -> None:
    """A trace of three frames with so many symbols that 64 times 1,024 streams make as many calls as the number."""
    from nnasim.ir.io import write_record
    from tests.nnasim.cli.test_compare_results import TINY
    from workloads.rnnt.builder import build_trace

    write_record(folder / "h.json", build_trace(TINY, 1, -(-number // 2**17), system="aat"))


def on_the_cpu(folder: Path, number: int) -> None:
    """A trace whose work the CPU does, slowly."""
    from nnasim.ir.io import write_record
    from tests.nnasim.cli.test_compare_results import TINY
    from workloads.rnnt.builder import build_trace

    write_record(folder / "h.json", build_trace(TINY, 3, 1, system="float"))


def sweep(**parts: Callable[[int], str]) -> Write:
    """A sweep of one axis; ``parts``: what stands in place of its usual parts."""
    usual = {"traces": "[small.json]", "axes": AXIS, "objectives": "[rtf]"}

    def make(number: int) -> str:
        told = {**usual, **{name: part(number) for name, part in parts.items()}}
        return "base: edge256\n" + "".join(f"{name}: {part}\n" for name, part in told.items())

    return text(make, "h.yaml")


def store(statement: str, *more: Callable[[int], object]) -> Write:
    """The seeds' store, changed by one statement with these parameters."""

    def write(folder: Path, number: int) -> None:
        (folder / "h.sqlite").write_bytes((folder / "store.sqlite").read_bytes())
        connection = sqlite3.connect(folder / "h.sqlite", isolation_level=None)
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute(statement, [each(number) for each in more])
        connection.close()

    return write


POINT = "UPDATE points SET sum = NULL, figures = ? WHERE rowid = 1"
SWEEPS = """WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ? - 1)
INSERT INTO studies SELECT 'k' || i, record, NULL FROM n, (SELECT * FROM studies LIMIT 1)"""

OVER = {
    "a trace, axes of a tensor, axes": Over(of_tensor(lambda n: [1] * n), TRACE, "shape"),
    "a trace from a shape, calls": Over(
        no_file, "trace --shape rnnt-mlperf --frames N --symbols 0 --out out.json", "frames"
    ),
    "a trace, a graph, operations": Over(changed("h.json", "small.json", of_graph), TRACE, "operations"),
    "a trace, a tensor, elements": Over(of_tensor(lambda n: [n]), TRACE, "shape"),
    "models on a chip, models": Over(
        no_file, "simulate " + "small.json " * 65 + "--out out.json --quiet", "traces"
    ),
    "streams of each model on a chip, streams": Over(
        no_file, "simulate small.json --streams N --out out.json --quiet", "streams"
    ),
    "streams, all together, calls": Over(many_calls, "simulate " + "h.json " * 64 + SHARED, "calls"),
    "streams, all together, frames, frames": Over(many_frames, "simulate " + "h.json " * 64 + SHARED, "frames"),
    "a sweep, points": Over(
        sweep(axes=lambda n: f"{{host.handoff_us: {{range: [1, 50, {n}]}}}}"), SWEEP, "axes.host.handoff_us"
    ),
    "a sweep, an integer on an axis, at most": Over(
        sweep(axes=lambda n: f"{{host.handoff_us: {{list: [{n}]}}}}"), SWEEP, "axes.host.handoff_us",
        "host.handoff_us",
    ),
    "a sweep, traces": Over(sweep(traces=lambda n: f"[{', '.join(['small.json'] * n)}]"), SWEEP, "traces"),
    "a sweep, axes": Over(
        sweep(axes=lambda n: "{" + ", ".join(f"f{m}: {{list: [1]}}" for m in range(n)) + "}"), SWEEP, "axes", "f0"
    ),
    "a sweep, constraints": Over(
        sweep(constraints=lambda n: f"[{', '.join(f'sram.bytes > {m}' for m in range(n))}]"), SWEEP, "constraints", ""
    ),
    "a sweep, objectives": Over(
        sweep(objectives=lambda n: f"[{', '.join(f'o{m}' for m in range(n))}]"), SWEEP, "objectives", "o0"
    ),
    "a sweep, a constraint, characters": Over(
        sweep(constraints=lambda n: f"[{'sram.bytes > 1'.ljust(n - 1, '0')}1]"), SWEEP, "constraints"
    ),
    "a sweep, a constraint, nesting, levels": Over(
        sweep(constraints=lambda n: f"['sram.bytes > {'-' * n}1']"), SWEEP, "constraints",
        None,
    ),
    "a DRAM with banks, channels": Over(
        no_file,
        "simulate small.json --preset edge256_banked --set dram.parameters.channels=N --out out.json --quiet",
        "channels",
    ),
    "other work that waits for the CPU, pieces": Over(
        on_the_cpu,
        "simulate h.json --out out.json --quiet --set host.other_load_per_second=999999 "
        "--set host.other_load_us=1 --set host.float_matmul_gflops=0.001", "host.other_load",
    ),
    "other work between two commands of ours for the CPU, pieces": Over(
        no_file,
        "simulate small.json --out out.json --quiet --set host.other_load_per_second=999999 "
        "--set host.other_load_us=0.001 --set dram.bytes_per_second=1", "host.other_load",
    ),
    "a figure in a store, at most": Over(
        store(POINT, lambda n: json.dumps({"rtf": n})), EXPORT, "figures.rtf"
    ),
    "a value in a store, bytes": Over(store(POINT, lambda n: "x" * n), EXPORT, "h.sqlite"),
    "a store, sweeps": Over(store(SWEEPS, lambda n: n), EXPORT, "h.sqlite"),
    "a store, all records of sweeps, bytes": Over(
        store("INSERT INTO studies SELECT 'k' || value, ?, NULL FROM json_each('[1, 2]')", lambda n: " " * (n // 2)),
        EXPORT, "h.sqlite",
    ),
    "a store, all points of a sweep, names of axes and figures": Over(
        store(POINT, lambda n: json.dumps({f"f{m}": 1 for m in range(n)})), EXPORT, "h.sqlite"
    ),
    "Optuna's journal, bytes": Over(sparse("h.log"), SEARCH, "h.log"),
    "Optuna's journal, lines": Over(text(lambda n: b"\n" * n, "h.log"), SEARCH, "h.log", "line 1 is no entry"),
    "a line of Optuna's journal, bytes": Over(
        text(lambda n: "[" * (n - 1) + "\n", "h.log"), SEARCH, "line 1", "line 1 is no entry",
    ),
}  # fmt: skip
