"""Ranks that cannot train together: one line, exit code 2 on each of them, nothing written, and nobody waits."""

from __future__ import annotations

import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

pytest.importorskip("torch")

import torch

from nnasim.cli.main import main
from tests.integration.launched import SPEECH, ended, torchrun

EARLY = "an option that one cannot read"  # before the other is ready to be ended in order, or after
LATE = "an option that one cannot read while the other waits for it"
LATER_S = 10  # by when rank 0 waits, unless the machine is very busy
AT_ONCE = 3  # launchers: each has two ranks, and all of them load torch


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A manifest of fewer utterances, and shards: whole, one missing, and one cut."""
    folder = tmp_path_factory.mktemp("refused")
    assert main(["data", "shard", str(SPEECH), "--out", str(folder / "whole"), "--hours-per-shard", "0.01"]) == 0
    for name in ("gone", "cut"):
        shutil.copytree(folder / "whole", folder / name)
    (folder / "gone" / "audio_1.tar").unlink()
    with (folder / "cut" / "audio_1.tar").open("r+b") as shard:
        shard.truncate(1000)
    (folder / "manifest_audio").symlink_to(SPEECH.parent / "manifest_audio")
    (folder / "fewer.jsonl").write_text("".join(SPEECH.read_text().splitlines(keepends=True)[:40]))
    return folder


CASES = {
    "other settings": (
        ("--train", SPEECH), ("--learning-rate", 0.02),
        "rank 1: ranks: learning_rate = 0.02: must be the same on all ranks; rank 0 has 0.004",
    ),
    "another manifest": (
        ("--train", SPEECH), ("--train", "FOLDER/fewer.jsonl"),
        r"rank 1: .*fewer.jsonl: train = \[.*\]: must be the same on all ranks; rank 0 has \['sha256 .*'\]",
    ),
    "a missing shard on one": (
        ("--train", "FOLDER/whole"), ("--train", "FOLDER/gone"),
        "rank 1: FOLDER/gone/audio_1.tar: is missing, and FOLDER/gone/index.json counts on it",
    ),
    "a shard that has changed": (
        ("--train", "FOLDER/cut"), (),
        "FOLDER/cut/audio_1.tar: has 1000 bytes and had [0-9]+ when index.json was written: it has changed since",
    ),
    "a batch that two do not divide": (
        ("--train", SPEECH, "--batch", 3), (),
        r"ranks: WORLD_SIZE = 2: must divide the 3 utterances of a batch \(--batch\)",
    ),
    "a device that no rank has": (
        ("--train", SPEECH, "--device", "cuda"), (),
        "--device = 'cuda': is not there: torch finds no CUDA device on this machine; must be cpu",
    ),
    **dict.fromkeys((EARLY, LATE), (
        ("--train", SPEECH), ("--steps", "many"),
        "ended by SIGTERM, as when another rank has ended: see the report of `torchrun`",
    )),
}  # fmt: skip


@pytest.fixture(scope="module")
def endings(folder: Path) -> dict[str, tuple[str, list[str], str]]:
    def placed(words: tuple[object, ...]) -> tuple[str, ...]:
        return tuple(str(word).replace("FOLDER", str(folder)) for word in words)

    def ending(name: str) -> tuple[str, list[str], str]:
        words, on_rank_1, _ = CASES[name]
        start = ("train", "--recipe", "tiny", "--dev", SPEECH, "--steps", 2, "--out", folder / "out" / name)
        return ended(torchrun(*start, *placed(words), on_rank_1=placed(on_rank_1), later_s=LATER_S * (name == LATE)))

    with ThreadPoolExecutor(AT_ONCE) as launchers:
        return dict(zip(CASES, launchers.map(ending, CASES), strict=True))


@pytest.mark.parametrize("name", [name for name in CASES if name not in (EARLY, LATE)])
def test_all_ranks_end_with_code_2_and_the_first_says_why(
    name: str, endings: dict[str, tuple[str, list[str], str]], folder: Path
) -> None:
    if "--device" in CASES[name][0] and torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    out, lines, report = endings[name]
    expected = CASES[name][2].replace("FOLDER", re.escape(str(folder)))
    assert out == ""
    assert len(lines) == 1
    assert re.fullmatch(f"nnasim: {expected}", lines[0])
    assert re.findall(r"exitcode  : (-?\d+)", report) == ["2", "2"]
    assert not (folder / "out" / name).exists()


@pytest.mark.parametrize("name", [EARLY, LATE])
def test_the_launchers_report_quotes_the_rank_that_could_not_read_its_options(
    name: str, endings: dict[str, tuple[str, list[str], str]]
) -> None:
    """The other ends by itself, and need not be killed after half a minute."""
    _, lines, report = endings[name]
    assert lines in ([], [f"nnasim: {CASES[name][2]}"])
    assert set(re.findall(r"exitcode  : (-?\d+)", report)) <= {"2", "-15"}
    assert "nnasim: --steps = 'many': must be a whole number of at least 1" in report
