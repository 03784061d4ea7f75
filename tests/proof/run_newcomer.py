"""A newcomer's ten minutes, measured: ``python -m tests.proof.run_newcomer [--wav FILE --words TEXT] [--keep FOLDER]``.

Makes a fresh clone of the last commit, and runs in it the commands of ``docs/tutorials/ten-minutes.md`` as they stand
there. Each section's results are looked at; its seconds by the clock and of CPU are printed. Without ``--wav`` a
bundled recording is written as the newcomer's own. Exit code 1 where a command or a look fails.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from tests.proof.docs_commands import ROOT, commands_in

PAGE = "docs/tutorials/ten-minutes.md"
OPENS_A_BROWSER = "jupyter notebook"
BUNDLED = "workloads/bundled/speech/manifest.jsonl"


class Took(NamedTuple):
    """Seconds of a section: by the clock, and of CPU."""

    wall: float
    cpu: float


def sections(page: str) -> dict[str, list[str]]:
    """Heading -> the commands below it, without those that open a browser and without headings that have none."""
    parts = re.split(r"^## (.+)$", page, flags=re.MULTILINE)
    found = {heading: commands_in(text) for heading, text in zip(parts[1::2], parts[2::2], strict=True)}
    shown = {
        heading: [line for line in lines if not line.startswith(OPENS_A_BROWSER)] for heading, lines in found.items()
    }
    return {heading: lines for heading, lines in shown.items() if lines}


def run(commands: list[str], clone: Path) -> Took:
    """The time of ``commands`` in one shell of the clone, in its environment. Raises CalledProcessError."""
    lines = ["set -e", "[ ! -e .venv/bin/activate ] || source .venv/bin/activate", *commands]
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(["bash", "-c", "\n".join(lines)], cwd=clone, env=_plain_environment(), check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Took(time.monotonic() - begun, cpu)


def _plain_environment() -> dict[str, str]:
    """The environment without what would lead to other packages than the clone's."""
    return {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}


def bring_speech(clone: Path, wav: Path | None, words: str) -> None:
    """Put the newcomer's recording, my.wav, and words.csv into the clone."""
    if wav is not None:
        shutil.copy(wav, clone / "my.wav")
    else:
        import soundfile

        first = json.loads((clone / BUNDLED).read_text(encoding="utf-8").splitlines()[0])
        samples, rate = soundfile.read((clone / BUNDLED).parent / first["audio_filepath"])
        soundfile.write(clone / "my.wav", samples, rate, subtype="PCM_16")
        words = first["text"]
    with (clone / "words.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("path", "text"), ("my.wav", words)])


def chips_page(clone: Path) -> str:
    """A line on the page of two chips."""
    chips = json.loads((clone / "runs/chips/chips.json").read_text(encoding="utf-8"))
    size = (clone / "runs/chips/report.html").stat().st_size
    return f"runs/chips/report.html, {size / 1e3:,.0f} kB, {len(chips['chips'])} chips"


def word_errors(clone: Path) -> str:
    """A line on the word errors of the newcomer's recording."""
    summary = json.loads((clone / "runs/mine/summary.json").read_text(encoding="utf-8"))
    rates = {name: figures["wer"] for name, figures in summary["systems"].items()}
    with (clone / "runs/mine/hypotheses.csv").open(newline="", encoding="utf-8") as file:
        row = next(csv.DictReader(file))
    said = f"said {row['reference']!r}, {row['system']} recognised {row['hypothesis']!r}"
    return "; ".join([said, *(f"{name} {100 * rate:.0f} % of words wrong" for name, rate in rates.items())])


def notebook_figures(clone: Path) -> str:
    """A line on the figures of the notebook that was run."""
    (path,) = (clone / "runs/lessons").glob("01_*.ipynb")
    outputs = [output for cell in json.loads(path.read_text())["cells"] for output in cell.get("outputs", ())]
    figures = sum("<svg" in json.dumps(output) or "image/png" in output.get("data", {}) for output in outputs)
    if not figures:
        raise RuntimeError(f"{path.name} has no figure")
    return f"runs/lessons/{path.name}, {figures} outputs with figures"


LOOKS: Mapping[str, Callable[[Path], str]] = {"1": chips_page, "2": word_errors, "3": notebook_figures}


def walk(clone: Path, wav: Path | None, words: str) -> Iterator[str]:
    """A line for each section of the page, as it is done."""
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    bring_speech(clone, wav, words)
    total = 0.0
    for heading, commands in sections((clone / PAGE).read_text(encoding="utf-8")).items():
        took = run(commands, clone)
        look = LOOKS.get(heading[0])
        total += took.wall if look else 0
        yield f"{heading}: {took.wall:.0f} s, {took.cpu:.0f} s of CPU{'; ' + look(clone) if look else ''}"
    yield f"the three steps together: {total:.0f} s"


def main() -> int:
    """Walk, and print."""
    options = argparse.ArgumentParser(prog="python -m tests.proof.run_newcomer")
    options.add_argument("--wav", type=Path, help="a recording, in place of a bundled one")
    options.add_argument("--words", default="", help="what is said in it")
    options.add_argument("--keep", type=Path, help="a new folder for the clone, which is kept")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        clone = asked.keep or Path(folder) / "nnasim"
        try:
            for line in walk(clone, asked.wav, asked.words):
                print(line, flush=True)
        except (subprocess.CalledProcessError, RuntimeError, OSError) as error:
            print(f"failed: {error}")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
