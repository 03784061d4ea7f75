"""Attacks on the limits of YAML, JSON, tables, manifests and lists."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.fuzz.limits.over import Over, Write, changed, no_file, sparse, text

CHIP = "presets h.yaml"
TRACE = "simulate h.json --out out.json --quiet"
FIT = "fit h.csv --fields host.handoff_us --out out.yaml"
LAYERS = "import h.csv --period-ms 10 --out out.json"
VALIDATE = "validate --reference h.csv --out out --quiet"
RESUME = "fit board.csv --fields host.handoff_us --out h.yaml --resume"
EVALUATE = "evaluate --manifest h.jsonl --checkpoint checkpoint --system float --limit 1"
STRINGS = "data strings h.tsv --out out.jsonl"
NVDLA = (
    "atomC,atomK,bus_bytes,outputs_per_cycle,buffer_bytes,read_latency,cycles_per_read_beat,max_outstanding_reads,"
    "write_latency"
)
DESIGN = "32,8,8,2,131072,32,1,100000,8"
LARGE = DESIGN.replace("131072", "1073741824")
LINE = {"id": "a", "audio_filepath": "speech1.wav", "duration": 0.4, "text": "one two"}


def extending(folder: Path, number: int) -> None:
    """A preset that comes with the package, and files that extend it and one another."""
    for place in range(number - 1):
        name = "h.yaml" if place == number - 2 else f"h{place}.yaml"
        (folder / name).write_text(f"extends: {f'./h{place - 1}.yaml' if place else 'edge256'}\n")


def recorded(record: dict[str, Any], number: int) -> None:
    """A command of so many characters, in a result."""
    record["command"] = "nnasim " + "x" * (number - len("nnasim "))


def table(rows: str, head: str = "M,N,K,measured_us\n") -> Write:
    """A table of one row; NUMBER stands for the number."""
    return text(lambda number: head + rows.replace("NUMBER", str(number)) + "\n", "h.csv")


OVER = {
    "a YAML file: chip, sweep, budget, bytes": Over(sparse("h.yaml"), CHIP, "h.yaml", "is not YAML"),
    "a YAML file, nesting, levels": Over(
        text(lambda n: "[" * n + "]" * n, "h.yaml"), CHIP, "h.yaml", "must be a mapping"
    ),
    "a YAML file, content, scalars, beginnings and ends": Over(
        text(lambda n: "[" + "1," * n + "]", "h.yaml"), CHIP, "h.yaml"
    ),
    "a chip that extends a chip, files": Over(extending, CHIP, "extends", ""),
    "a JSON file: trace, result, bytes": Over(sparse("h.json"), TRACE, "h.json", "is not JSON"),
    "a JSON file, nesting, levels": Over(text(lambda n: "[" * n), TRACE, "h.json", "is not JSON"),
    "an integer in any text, digits": Over(text(lambda n: "9" * n), TRACE, "h.json", "is not a JSON object"),
    "a command that a result records, to be run again, characters": Over(
        changed("h.json", "result.json", recorded), "rerun h.json", "h.json", "which is not one of"
    ),
    "calls of a model, seconds of audio": Over(
        no_file, "import model.onnx --period-ms 1000000 --seconds N --out out.json", "seconds"
    ),
    "a table: measurements, timings, calls, layers, bytes": Over(sparse("h.csv"), FIT, "h.csv", "NUL"),
    "a table, a line, characters": Over(
        text(lambda n: "M,N,K,measured_us\n" + "1" * (n - 1) + "\n", "h.csv"), FIT, "h.csv", "the header has 4 columns"
    ),
    "a table, content, rows": Over(
        text(lambda n: "M,N,K,measured_us\n" + "1,1,1,9\n" * n, "h.csv"), FIT, "h.csv"
    ),
    "a table, content, columns": Over(
        text(lambda n: ",".join(f"c{m}" for m in range(n)) + "\n" + "1," * (n - 1) + "1\n", "h.csv"), FIT, "h.csv",
        "is no table of",
    ),
    "a table, content, cells": Over(
        text(lambda n: ("0," * 59 + "0\n") * (n // 60) + "0," * (n % 60 - 1) + "0\n", "h.csv"), FIT, "h.csv"
    ),
    "a table, a number, at most": Over(
        table("8,1,1,NUMBER", "array_size,M,k_tiles,total_cycles\n"), VALIDATE, "total_cycles", ""
    ),
    "a table, a number's text, digits": Over(
        text(lambda n: "array_size,M,k_tiles,total_cycles\n8,1,1," + "34".rjust(n, "0") + "\n", "h.csv"),
        VALIDATE, "total_cycles", "",
    ),
    "a table of layers, layers": Over(
        text(lambda n: "Layer,M,N,K,\n" + "a,1,1,1,\n" * n, "h.csv"), LAYERS, "layers"
    ),
    "a table of layers, a size, at most": Over(table("a,1,1,NUMBER,", "Layer,M,N,K,\n"), LAYERS, "K"),
    "a table of layers, a layer, products": Over(
        text(lambda n: f"Layer,M,N,K,\na,1048576,1048576,{-(-n // 2**40)},\n", "h.csv"), LAYERS, "Layer"
    ),
    "a table of layers, a name, characters": Over(
        text(lambda n: "Layer,M,N,K,\n" + "a" * n + ",1,1,1,\n", "h.csv"), LAYERS, "Layer", ""
    ),
    "a measurement of NVDLA, a row, beats of memory": Over(
        text(lambda n: f"{NVDLA},M,K,N,total_cycles\n{LARGE},1048576,8,{8 * -(-n // 2**20)},9\n", "h.csv"),
        VALIDATE, "h.csv",
    ),
    "a measurement of NVDLA, an LSTM, inputs or units": Over(
        text(lambda n: f"{NVDLA},chain,host_mode,I,H,step1_cycles\n{DESIGN},fused7,one,64,{n},9\n", "h.csv"),
        VALIDATE, "H",
    ),
    "a timing, a product, weights": Over(
        text(lambda n: f"M,N,K,measured_us\n1,1048576,{-(-n // 2**20)},9\n", "h.csv"), FIT, "N"
    ),
    "the evaluations of a stopped fit, bytes": Over(sparse("h.yaml.evaluated.jsonl"), RESUME, "h.yaml.evaluated.jsonl"),
    "the evaluations of a stopped fit, lines": Over(
        text(lambda n: b"\n" * n, "h.yaml.evaluated.jsonl"), RESUME, "h.yaml.evaluated.jsonl", "is of another fit"
    ),
    "a manifest, bytes": Over(sparse("h.jsonl"), EVALUATE, "h.jsonl"),
    "a manifest, line, bytes": Over(
        text(lambda n: json.dumps(LINE).ljust(n), "h.jsonl"), EVALUATE, "h.jsonl line 1", ""
    ),
    "a manifest, content, lines": Over(
        text(lambda n: json.dumps(LINE) + "\n" * n, "h.jsonl"), EVALUATE, "h.jsonl", ""
    ),
    "a manifest, and its word times, content, commas and opening brackets": Over(
        text(lambda n: json.dumps(LINE) + "," * (n - json.dumps(LINE).count(",") - 1), "h.jsonl"), EVALUATE, "h.jsonl"
    ),
    "a manifest, text of an utterance, characters": Over(
        text(lambda n: json.dumps({**LINE, "text": "one" + " " * (n - 3)}), "h.jsonl"), EVALUATE, "text", ""
    ),
    "a list of a corpus, bytes": Over(sparse("h.tsv"), STRINGS, "h.tsv", "line 1 has more than"),
    "a folder of shards, shards": Over(
        changed("h/index.json", "shards/index.json", lambda i, n: i.update(shards=i["shards"][:1] * n)),
        "train --recipe tiny --train h --dev manifest.jsonl --steps 1 --workers 0 --out out", "shards",
    ),
    "hypotheses.csv of a comparison, bytes": Over(
        sparse("compared/hypotheses.csv"), "report compared --out out.html", "hypotheses.csv"
    ),
    "hypotheses.csv of a comparison, rows": Over(
        text(
            lambda n: "id,system,reference,hypothesis\n" + "a,b,c,d\n" * n, "compared/hypotheses.csv"
        ), "report compared --out out.html", "hypotheses.csv",
    ),
}  # fmt: skip
