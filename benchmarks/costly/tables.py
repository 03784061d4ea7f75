"""Tables of text that could cost much."""

from __future__ import annotations

from benchmarks.costly.attack import (
    Attack,
    lines_file,
    nothing,
    text_file,
)

FIT = "fit h.csv --fields host.handoff_us --out out.yaml"

CALLS = "import model.onnx --calls h.csv --out out.json"

PRODUCTS = "import h.csv --period-ms 10 --out out.json"

VALIDATE = "validate --reference h.csv --out out"

ATTACKS = (
    Attack(
        "calls: 10^7 rows",
        lines_file("h.csv", "time_s,graph\n", "0.01,model\n"),
        CALLS,
    ),
    Attack(
        "calls: one line of 200 MB",
        text_file("h.csv", lambda: b"time_s,graph\n" + b"x" * 200_000_000),
        CALLS,
    ),
    Attack(
        "calls: a quote that never ends",
        text_file("h.csv", lambda: b'time_s,graph\n"' + b"x\n" * 20_000_000),
        CALLS,
    ),
    Attack(
        "calls: 3,000,000 columns",
        text_file("h.csv", lambda: ",".join(f"c{n}" for n in range(3_000_000)) + "\n"),
        CALLS,
    ),
    Attack(
        "calls: 400,000 rows",
        text_file("h.csv", lambda: "time_s,graph\n" + "".join(f"{n / 100},model\n" for n in range(400_001))),
        CALLS,
    ),
    Attack(
        "calls: every 1 us of 10^6 s", nothing, "import model.onnx --period-ms 0.001 --seconds 1000000 --out out.json"
    ),
    Attack(
        "products: 10^7 rows",
        lines_file("h.csv", "Layer,M,N,K,\n", "a,1,64,32,\n"),
        PRODUCTS,
    ),
    Attack(
        "products: sizes of 2^20",
        lines_file("h.csv", "Layer,M,N,K,\n", "a,1048576,1048576,1048576,\n", 100),
        PRODUCTS,
    ),
    Attack(
        "products: 5,000 layers",
        text_file("h.csv", lambda: "Layer,M,N,K,\n" + "".join(f"a{n},1,1048576,32,\n" for n in range(5_000))),
        PRODUCTS,
    ),
    Attack(
        "measured table: 10^7 rows",
        lines_file("h.csv", "array_size,M,k_tiles,total_cycles\n", "8,1,1,34\n"),
        VALIDATE,
    ),
    Attack(
        "measured table: one line of 200 MB",
        text_file("h.csv", lambda: b"array_size,M,k_tiles,total_cycles\n" + b"8" * 200_000_000),
        VALIDATE,
    ),
    Attack(
        "measured table: a row of 2^40",
        text_file("h.csv", lambda: "array_size,M,k_tiles,total_cycles\n8,1099511627776,1099511627776,34\n"),
        VALIDATE,
    ),
    Attack("timings: 10^7 rows", lines_file("h.csv", "M,N,K,measured_us\n", "1,64,64,65.8\n"), FIT),
    Attack(
        "timings: 100,000 rows of 2^20",
        lines_file("h.csv", "M,N,K,measured_us\n", "1048576,1048576,1048576,65.8\n", 100_000),
        FIT,
    ),
    Attack("timings: one line of 200 MB", text_file("h.csv", lambda: b"M,N,K,measured_us\n" + b"8" * 200_000_000), FIT),
    Attack(
        "evaluations of a fit: 64 MB of `[`",
        text_file("fitted.h.evaluated.jsonl", lambda: b"[" * 63_000_000),
        "fit board.csv --fields host.handoff_us --out fitted.h --resume",
    ),
    Attack(
        "list of words: 5,000,000 rows",
        lines_file("h.tsv", "path\ttext\tspeaker\tsplit\n", "a.wav\tone\ta\ttrain\n", 5_000_000),
        "data strings h.tsv --out out.jsonl",
    ),
    Attack(
        "list of AN4: 2,000,000 rows",
        lines_file("h.tsv", "path\tspeaker\ttext\n", "a\ta\tone\n", 2_000_000),
        "data an4 . --list h.tsv --out out.jsonl",
    ),
)
