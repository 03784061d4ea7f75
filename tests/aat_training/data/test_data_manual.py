"""What docs/how-to/data.md and corpora.md say is true: their commands exist with their options, the Python runs."""

import re
from pathlib import Path

import pytest

from nnasim.cli.main import main

PAGES = [Path(__file__).parents[3] / "docs" / "how-to" / name for name in ("data.md", "corpora.md")]
MANUAL = "\n".join(page.read_text() for page in PAGES)
COMMANDS = re.findall(r"^nnasim data (\w+) (.*)$", MANUAL, re.MULTILINE)


@pytest.mark.parametrize(("maker", "arguments"), COMMANDS)
def test_a_command_of_the_manual_has_the_options_it_uses(maker, arguments, capsys):
    assert main(["data", maker, "--help"]) == 0
    help_text = capsys.readouterr().out
    for option in re.findall(r"--[a-z-]+", arguments):
        assert f"  {option}" in help_text


def test_the_manual_shows_every_maker():
    makers = {"fsdd", "an4", "librispeech", "synth", "strings", "import", "shard", "recombine"}
    assert {maker for maker, _ in COMMANDS} == makers


def test_the_manuals_python_runs():
    code = re.search(r"```python\n(.*?)```", MANUAL, re.DOTALL)[1]
    names: dict = {}
    exec(code, names)
    assert names["features"].shape[1] == 40
    assert 0 < names["speech_end"] < names["entries"][0].duration


@pytest.mark.parametrize(
    ("name", "value"),
    [("MAX_FILE_BYTES", "64 MB"), ("MAX_LINES", "50,000 lines"), ("MAX_LINE_BYTES", "1 MB a line")],
)
def test_the_manuals_limits_are_the_codes(name, value):
    from aat_training.data import jsonl

    number = int(re.sub(r"[^0-9]", "", value)) * (1_000_000 if "MB" in value else 1)
    assert getattr(jsonl, name) == number
    assert value in MANUAL


def test_the_manuals_synthesis_is_the_codes():
    from aat_training.data import clip, synth

    assert len(synth.VARIANTS["train"]) == 18
    assert len(synth.VARIANTS["test"]) == 8
    assert len(synth.ACCENTS) == 6
    assert (clip.PAUSE_S, clip.SNR_DB) == ((0.03, 0.30), (30.0, 50.0))
