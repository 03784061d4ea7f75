"""The cost of large stores that are legal: ``python -m benchmarks.large_stores [--points 200000,1500000]``.

A store of so many points is made, a copy of it in which a page is damaged, and one in which every 1,000th row is. Each
command runs in a process of its own. Printed are its seconds of CPU and its peak of memory, both above those of a
process that only imports the same modules, its exit code and its last line. The seconds grow with the rows; the memory
may not.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shlex
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.refusals import cost
from nnasim.sweeps.database import SIDE_FILES, Row
from nnasim.sweeps.store import Store
from nnasim.sweeps.stored_rows import with_sum

GIVEN_SECONDS = 1_800  # of CPU
DAMAGED_EACH = 1_000
COMMANDS = (
    "store check whole.sqlite",
    "store check whole.sqlite --into rescued.sqlite",
    "store check rows.sqlite --into rescued.sqlite",
    "store check page.sqlite --into rescued.sqlite",
    "merge whole.sqlite --into merged.sqlite",
    "merge rows.sqlite --into merged.sqlite",
)
MADE = ("rescued.sqlite", "merged.sqlite")
FIGURES = {
    **{f"{name}.p{part}": 0.0625 for name in ("engine_latency_ms", "frame_latency_ms") for part in (50, 90, 99)},
    **{f"busy.{part}": 0.2316995749717545 for part in ("mac_array", "activation_unit", "dram", "sram", "cpu")},
    **{"rtf": 0.002007888888888889, "cycles": 45035535, "energy_mj": 0.09284877392034696, "area_mm2": 0.467968},
    **{"dram_bytes": 1536, "sram_traffic_bytes": 15568, "late_frames": 0.0, "bottleneck": "handoff", "fallback": None},
}


def rows(points: int) -> Iterator[Row]:
    """Rows as a sweep writes them: keys without an order, figures of a usual number."""
    for number in range(points):
        key = hashlib.sha256(str(number).encode()).hexdigest()[:32]
        values = json.dumps({"sram.bytes": 65536, "dram.bytes_per_second": 1e9 + number})
        yield with_sum(key, "study", "ok", values, json.dumps({**FIGURES, "handoffs": number}), None, 0.01)


def make_stores(folder: Path, points: int) -> None:
    """Make the store and its damaged copies, unless they are there."""
    whole, damaged_rows, damaged_page = (folder / f"{name}.sqlite" for name in ("whole", "rows", "page"))
    if not whole.exists():
        with Store(whole) as store, store.transaction():
            store.add_rows(rows(points), ())
            store.add_sweep("study", {"study": {"base": "edge256", "traces": ["small.json"]}})
            store.take_as_tried()
    if not damaged_rows.exists():
        shutil.copy(whole, damaged_rows)
        connection = sqlite3.connect(damaged_rows)
        with connection:
            connection.execute("UPDATE points SET seconds = seconds + 1 WHERE rowid % ? = 0", (DAMAGED_EACH,))
        connection.close()
    if not damaged_page.exists():
        shutil.copy(whole, damaged_page)
        with open(damaged_page, "r+b") as file:
            file.seek(whole.stat().st_size // 2 // 4096 * 4096)
            file.write(bytes(4096))


def main() -> None:
    """Measure each command on stores of each size, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", default="200000,1500000", help="sizes of stores, with commas between them")
    parser.add_argument("--only", default="", help="commands that hold this text")
    parser.add_argument("--stores", type=Path, help="a folder in which the stores stay, for the next run")
    options = parser.parse_args()
    print("| points | command | s of CPU | MB | exit code | last line |\n|---|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory(prefix="nnasim-stores-") as name:
        for points in map(int, options.points.split(",")):
            folder = (options.stores or Path(name)) / str(points)
            folder.mkdir(parents=True, exist_ok=True)
            make_stores(folder, points)
            for command in COMMANDS:
                if options.only in command:
                    print(measured(command, folder, points), flush=True)


def measured(command: str, folder: Path, points: int) -> str:
    """A line of the table. The stores that the command makes are removed."""
    taken = cost(shlex.split(command), folder, GIVEN_SECONDS)
    for path in (folder / f"{made}{beside}" for made in MADE for beside in ("", *SIDE_FILES)):
        path.unlink(missing_ok=True)
    seconds, line = taken.seconds - taken.import_seconds, taken.line.replace("|", "/")[:90]
    return f"| {points:,} | `{command}` | {seconds:.1f} | {taken.above / 1e6:.0f} | {taken.code} | {line} |"


if __name__ == "__main__":
    main()
