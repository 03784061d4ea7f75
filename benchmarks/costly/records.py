"""Traces, results, chips, budgets and sweeps that could cost much."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from benchmarks.costly.attack import (
    Attack,
    changed_seed,
    nothing,
    sparse_file,
    text_file,
)


def _sweep(axes: str, more: str = "") -> Callable[[], str]:
    return lambda: f"base: edge256\ntraces: [small.json]\naxes: {axes}\nobjectives: [rtf]\n{more}"


def _aliases() -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    return "\n".join(lines) + "\n"


def _on_the_cpu(folder: Path) -> None:
    """Write a trace whose work the CPU does."""
    from nnasim.ir.io import write_record
    from workloads.rnnt.builder import build_trace
    from workloads.rnnt.shapes import load_shape

    write_record(folder / "h.json", build_trace(load_shape("rnnt-paper"), 3, 1, system="float"))


MILLION = "{sram.bytes: {range: [100000, 900000, 1000]}, host.handoff_us: {range: [1, 50, 1000]}}"
SIMULATE = "simulate h.json --out out.json --quiet"
LOAD = (
    "simulate h.json --out out.json --set host.other_load_per_second=999999 --set host.other_load_us=1 "
    "--set host.float_matmul_gflops=0.001"
)

CHIP = "simulate small.json --preset h.yaml --out out.json"

SWEEP = "sweep h.yaml --store out.sqlite --dry-run --jobs 1"

ATTACKS = (
    Attack("trace: 100 MB", sparse_file("h.json", 100_000_000, b"{"), SIMULATE),
    Attack("trace: 16 MB of `[`", text_file("h.json", lambda: "[" * 15_999_999), SIMULATE),
    Attack('trace: 16 MB of `{"":`', text_file("h.json", lambda: '{"":' * 3_999_999), SIMULATE),
    Attack("trace: 16 MB of `[],`", text_file("h.json", lambda: "[" + "[]," * 5_333_332 + "1]"), SIMULATE),
    Attack("trace: 16 MB of numbers", text_file("h.json", lambda: "[" + "1," * 7_999_998 + "1]"), SIMULATE),
    Attack(
        "trace: 16 MB of names",
        text_file("h.json", lambda: json.dumps({f"{n:x}": 0 for n in range(1_200_000)})[:15_999_999]),
        SIMULATE,
    ),
    Attack(
        "trace: 1,100,000 unknown fields",
        changed_seed("h.json", "small.json", lambda t: t.update({f"{n:x}": 0 for n in range(1_100_000)})),
        SIMULATE,
    ),
    Attack("trace: 16 MB of digits", text_file("h.json", lambda: "9" * 15_999_999), SIMULATE),
    Attack('trace: 16 MB of `"`', text_file("h.json", lambda: '"' * 15_999_999), SIMULATE),
    Attack("trace: 16 MB of `\\`", text_file("h.json", lambda: '"' + "\\" * 15_999_998), SIMULATE),
    Attack(
        "trace: a shape of 10^6 axes",
        changed_seed("h.json", "small.json", lambda t: next(iter(t["tensors"].values())).update(shape=[9] * 10**6)),
        SIMULATE,
    ),
    Attack(
        "trace: every tensor 2^40 elements",
        changed_seed("h.json", "small.json", lambda t: [x.update(shape=[2**20, 2**20]) for x in t["tensors"].values()]),
        SIMULATE,
    ),
    Attack(
        "trace: every size 2^20",
        changed_seed(
            "h.json", "small.json", lambda t: [x.update(shape=[2**20] * len(x["shape"])) for x in t["tensors"].values()]
        ),
        SIMULATE,
    ),
    Attack(
        "trace: 100,000 tensors",
        changed_seed(
            "h.json",
            "small.json",
            lambda t: t["tensors"].update({f"t{n}": dict(next(iter(t["tensors"].values()))) for n in range(100_000)}),
        ),
        SIMULATE,
    ),
    Attack(
        "trace: 40,000 operations",
        changed_seed(
            "h.json",
            "small.json",
            lambda t: next(iter(t["graphs"].values()))["ops"].extend(
                [next(iter(t["graphs"].values()))["ops"][-1]] * 40_000
            ),
        ),
        SIMULATE,
    ),
    Attack(
        "trace of 400,000 frames, from a shape",
        nothing,
        "trace --shape rnnt-paper --frames 400000 --symbols 1 --out out.json",
    ),
    Attack(
        "trace: 200,000 utterances",
        changed_seed("h.json", "small.json", lambda t: t["utterances"].extend(t["utterances"] * 100_000)),
        SIMULATE,
    ),
    Attack("difference: 16 MB of `[`", text_file("h.json", lambda: "[" * 15_999_999), "diff h.json imported.json"),
    Attack(
        "result: 16 MB of `[],`",
        text_file("h.json", lambda: "[" + "[]," * 5_333_332 + "1]"),
        "report h.json --out out.html",
    ),
    Attack(
        "result: 700,000 numbers in place of each list",
        changed_seed(
            "h.json",
            "result.json",
            lambda t: [t.update({k: [1] * 700_000}) for k, v in list(t.items()) if isinstance(v, list)],
        ),
        "report h.json --out out.html",
    ),
    Attack(
        "result: 200,000 fields in place of each record",
        changed_seed(
            "h.json",
            "result.json",
            lambda t: [
                t.update({k: {f"{n}": 1 for n in range(200_000)}}) for k, v in list(t.items()) if isinstance(v, dict)
            ],
        ),
        "compare-results h.json result.json",
    ),
    Attack(
        "result: a command of 1,000,000 words",
        changed_seed("h.json", "result.json", lambda t: t.update(command=["x"] * 1_000_000)),
        "rerun h.json",
    ),
    Attack(
        "result explained: 16 MB of numbers",
        text_file("h.json", lambda: "[" + "1," * 7_999_998 + "1]"),
        "explain h.json",
    ),
    Attack("budget: 1 MB of aliases", text_file("h.yaml", _aliases), "check-budget result.json h.yaml"),
    Attack(
        "budget: 9,000 limits",
        text_file("h.yaml", lambda: "limits: {" + ", ".join(f"a{n}: 1" for n in range(9_000)) + "}\n"),
        "check-budget result.json h.yaml",
    ),
    Attack(
        "chip: an alias of an alias, 12 times",
        text_file("h.yaml", _aliases),
        CHIP,
    ),
    Attack(
        "chip: 1 MB of `[`",
        text_file("h.yaml", lambda: "[" * 999_999),
        CHIP,
    ),
    Attack(
        "chip: 1 MB of `- `",
        text_file("h.yaml", lambda: "- " * 499_999),
        CHIP,
    ),
    Attack(
        "chip: 1 MB of `? `",
        text_file("h.yaml", lambda: "? " * 499_999),
        CHIP,
    ),
    Attack(
        "chip: 1 MB of `a: `",
        text_file("h.yaml", lambda: "a: " * 333_333),
        CHIP,
    ),
    Attack(
        "chip: 1 MB of line ends",
        text_file("h.yaml", lambda: "\n" * 999_999),
        CHIP,
    ),
    Attack(
        "chip: 1 MB in one text",
        text_file("h.yaml", lambda: 'a: "' + "\\n" * 499_990 + '"'),
        CHIP,
    ),
    Attack(
        "chip: 1 MB of a plain text",
        text_file("h.yaml", lambda: "a: " + "x " * 499_990),
        CHIP,
    ),
    Attack(
        "chip: 1 MB of `#`",
        text_file("h.yaml", lambda: "#" * 999_999),
        CHIP,
    ),
    Attack(
        "chip: 1 MB of `&a `",
        text_file("h.yaml", lambda: "&a " * 333_333),
        CHIP,
    ),
    Attack("chip: other work that saturates the CPU", _on_the_cpu, LOAD),
    Attack("chip: 10^-7 bytes a cycle", nothing, "simulate small.json --out out.json --set sram.bytes_per_cycle=1e-7"),
    Attack(
        "chip: 1e-300 bytes a second", nothing, "simulate small.json --out out.json --set dram.bytes_per_second=1e-300"
    ),
    Attack("chip: tiles of 64 bytes", nothing, "simulate small.json --out out.json --set sram.weight_tile_bytes=64"),
    Attack(
        "chip: an array of 2^40 rows", nothing, "simulate small.json --out out.json --set mac_array.rows=1099511627776"
    ),
    Attack(
        "sweep: a contradiction over 10^6 points",
        text_file("h.yaml", _sweep(MILLION, "constraints: [sram.bytes > 1000000000]\n")),
        SWEEP,
    ),
    Attack(
        "sweep: a contradiction of two axes over 10^6 points",
        text_file("h.yaml", _sweep(MILLION, "constraints: [sram.bytes * host.handoff_us > 1000000000]\n")),
        SWEEP,
    ),
    Attack(
        "sweep: a contradiction over 10^6 points, searched",
        text_file("h.yaml", _sweep(MILLION, "constraints: [sram.bytes * host.handoff_us > 1000000000]\n")),
        "search h.yaml --store out.sqlite --trials 4 --jobs 1",
    ),
    Attack(
        "sweep: a power of powers",
        text_file(
            "h.yaml",
            _sweep(MILLION, "constraints: [sram.bytes * sram.bytes * sram.bytes * sram.bytes * sram.bytes > 1]\n"),
        ),
        SWEEP,
    ),
    Attack(
        "sweep: 5,000 constraints",
        text_file("h.yaml", _sweep(MILLION, "constraints: [" + ", ".join(["sram.bytes > 1"] * 5_000) + "]\n")),
        SWEEP,
    ),
    Attack(
        "sweep: an axis of 10^12 points",
        text_file("h.yaml", _sweep("{host.handoff_us: {range: [1, 50, 1000000000000]}}")),
        SWEEP,
    ),
    Attack(
        "sweep: 10^9 points",
        text_file(
            "h.yaml",
            _sweep(
                "{"
                + ", ".join(
                    f"{f}: {{range: [1, 50, 1000]}}"
                    for f in ("host.handoff_us", "dram.read_latency_ns", "host.op_overhead_us")
                )
                + "}"
            ),
        ),
        SWEEP,
    ),
    Attack(
        "sweep: an axis of 300,000 values",
        text_file("h.yaml", _sweep("{host.handoff_us: {list: [" + "1," * 300_000 + "1]}}")),
        SWEEP,
    ),
    Attack(
        "sweep: a value of 350 digits",
        text_file("h.yaml", _sweep("{host.handoff_us: {list: [" + "9" * 350 + "]}}")),
        SWEEP,
    ),
    Attack(
        "sweep: a value of 900,000 digits",
        text_file("h.yaml", _sweep("{host.handoff_us: {list: [" + "9" * 900_000 + "]}}")),
        SWEEP,
    ),
    Attack(
        "sweep: 9,000 traces",
        text_file(
            "h.yaml",
            lambda: (
                "base: edge256\ntraces: ["
                + ", ".join(["small.json"] * 9_000)
                + "]\naxes: "
                + MILLION
                + "\nobjectives: [rtf]\n"
            ),
        ),
        SWEEP,
    ),
)
