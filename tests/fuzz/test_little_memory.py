"""Memory that is used up in the midst of a command's work: one line, exit code 2, and nothing half-written.

`python -m tests.fuzz.starved` tries every command with less and less.
"""

import json
import os
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("soundfile")

from nnasim.ir.io import write_record
from tests.attack import refused
from tests.fuzz.commands import WRITING
from tests.nnasim.cli.test_compare_results import TINY
from workloads.rnnt.builder import build_trace

ROOM = 8  # MB
LINES = (
    "simulate FILE.json --out OUT/result.json --perfetto OUT/line.pftrace",
    "explain FILE.json --out OUT/result.json",
    "data fsdd FILE --utterances 2 --max-digits 2 --out OUT/speech.jsonl",
    "data shard FILE.jsonl --out OUT/shards",
)
ROOT = str(Path(__file__).parents[2])
# The small file first, and all that is needed is loaded.
PROGRAM = """
import json, sys
from pathlib import Path
from nnasim.cli.main import main
from tests.fuzz.starved import starved
line, out, room = sys.argv[1:]
assert main(line.replace("FILE", "small").replace("OUT", out).split()) == 0
end = starved(line.replace("FILE", "large"), float(room), Path.cwd())
print(json.dumps([end.code, end.wrong, end.complaints]))
"""
# Their C++ ends the process where it gets no memory.
OF_LIBRARIES = tuple(line for line in WRITING if line.startswith(("evaluate", "trace --man")) or "parquet" in line)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Whole files that are called ``small``, and some called ``large``: each far larger in memory than the room."""
    if not Path("/proc/self/statm").exists():
        pytest.skip("how much memory a process has is read from /proc, which this system lacks")
    folder = tmp_path_factory.mktemp("large")
    write_record(folder / "small.json", build_trace(TINY, 3, 1, system="aat"))
    (folder / "large.json").write_text(f"[{'0.5,' * 3_900_000}0.5]")
    for name, seconds in (("small", 1), ("large", 3000)):
        (folder / name).mkdir()
        for digit in range(10):
            _wav(folder / name / f"{digit}_anna_0.wav", 8000 * seconds)
        line = f'{{"audio_filepath": "{name}/0_anna_0.wav", "offset": 0, "duration": {seconds}, "text": "zero"}}\n'
        (folder / f"{name}.jsonl").write_text(line)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        yield folder


def _wav(path: Path, samples: int) -> None:
    """A loud second, and then silence that takes no disk."""
    head = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + 2 * samples, b"WAVE", b"fmt ", 16, 1, 1, 8000, 16_000, 2, 16,
                       b"data", 2 * samples)  # fmt: skip
    with path.open("wb") as file:
        file.write(head + struct.pack("<h", 3000) * 8000)
        file.truncate(44 + 2 * samples)


@pytest.mark.parametrize("line", LINES)
def test_a_command_says_that_memory_is_used_up_and_leaves_nothing(line: str, folder: Path, tmp_path: Path) -> None:
    """In a process of its own: what others have used and freed here is room that no limit counts."""
    call = [sys.executable, "-c", PROGRAM, line, str(tmp_path), str(ROOM)]
    done = subprocess.run(call, cwd=folder, env={**os.environ, "PYTHONPATH": ROOT}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    code, wrong, complaints = json.loads(done.stdout.splitlines()[-1])
    assert (code, wrong) == (2, "")
    assert "memory of this machine, or what this process may have of it, is used up" in complaints[0]


@pytest.mark.parametrize("line", OF_LIBRARIES)
def test_libraries_that_would_end_the_process_are_not_called(
    line: str, seeds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(seeds)
    monkeypatch.setattr("nnasim.free_memory.AT_ONCE", 2**62)
    assert "is used up" in refused(*line.replace("OUT", str(tmp_path)).split())
    assert list(tmp_path.iterdir()) == []
