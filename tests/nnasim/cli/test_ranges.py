"""Each numeric option's help states the range that is enforced: the ends are taken, what is beyond is one line."""

import math
from importlib.util import find_spec
from typing import Literal, get_args, get_origin

import pytest

from nnasim.allowed import bound_text
from nnasim.cli import options as ranges
from nnasim.cli.main import main
from nnasim.sweeps.axes import MOST_POINTS
from nnasim.sweeps.spec import SearchSpec, ShapeTrace
from tests.nnasim.cli.commands import NUMERIC, Option, number_of, options
from workloads.rnnt.builder import LONGEST_TRACE

# What each command needs beside the option, so that it gets as far as looking at files, of which there are none.
BESIDE = {
    "compare": ["--manifest", "m.jsonl", "--out", "c"],
    "compare-chips": ["edge256", "edge512", "--manifest", "m.jsonl", "--out", "c"],
    "compare-results": ["a.json", "b.json"],
    "study aat": ["--manifest", "m.jsonl", "--out", "s"],
    "study delays": ["--recipe", "tiny", "--train", "t.jsonl", "--dev", "d.jsonl", "--models", "m", "--out", "s"],
    "study numerics": ["--recipe", "tiny", "--train", "t.jsonl", "--dev", "d.jsonl", "--models", "m", "--out", "s"],
    "data fsdd": ["nowhere", "--out", "m.jsonl"],
    "data strings": ["index.tsv", "--out", "m.jsonl"],
    "data shard": ["m.jsonl", "--out", "s"],
    "data recombine": ["m.jsonl", "--checkpoint", "c", "--out", "r.jsonl"],
    "data synth": ["--voices", "train", "--out", "there.jsonl"],
    "train": ["--recipe", "tiny", "--train", "t.jsonl", "--dev", "d.jsonl", "--out", "o"],
    "evaluate": ["--checkpoint", "c", "--manifest", "m.jsonl", "--system", "float"],
    "explain": ["t.json", "--words"],
    "trace": ["--checkpoint", "c", "--manifest", "m.jsonl", "--out", "t.json"],
    "check": ["m.onnx"],
    "import": ["m.onnx", "--period-ms", "10", "--seconds", "1", "--out", "t.json"],
    "simulate": ["t.json", "--out", "r.json"],
    "sweep": ["study.yaml", "--store", "s.sqlite"],
    "search": ["study.yaml", "--store", "s.sqlite"],
}
WITH_SHAPE = ["--shape", "nowhere.yaml", "--out", "t.json"]
PARTNER = {"--frames": ["--symbols", "1"], "--symbols": ["--frames", "1"]}
NAMES = [f"{option.command} {option.flag}" for option in NUMERIC]


def run(option: Option, value: object, capsys: pytest.CaptureFixture[str]) -> str:
    """What the command says to ``value``, one line after which nothing was done."""
    beside = BESIDE[option.command]
    if option.flag in PARTNER:
        beside = [*WITH_SHAPE, *PARTNER[option.flag]]
    assert main([*option.command.split(), *beside, f"{option.flag}={value}"]) == 2
    complaint = capsys.readouterr().err
    assert complaint.count("\n") == 1
    assert "Traceback" not in complaint
    return complaint


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "there.jsonl").write_text("")
    monkeypatch.chdir(tmp_path)


def test_there_are_numeric_options_and_each_command_that_has_one_is_tried() -> None:
    assert len(NUMERIC) > 30
    assert {option.command for option in NUMERIC} == set(BESIDE)


@pytest.mark.parametrize("option", NUMERIC, ids=NAMES)
def test_the_help_states_both_ends(option: Option, capsys: pytest.CaptureFixture[str]) -> None:
    assert option.info.min is not None
    assert option.info.max is not None
    assert math.isfinite(option.info.min)
    assert math.isfinite(option.info.max)
    assert main([*option.command.split(), "--help"]) == 0
    help_text = "".join(capsys.readouterr().out.split())
    assert f"{option.info.min}<=x<={option.info.max}" in help_text


@pytest.mark.parametrize("option", NUMERIC, ids=NAMES)
def test_what_lies_beyond_is_refused_in_one_line_that_names_the_option(
    option: Option, capsys: pytest.CaptureFixture[str]
) -> None:
    low, high = option.info.min, option.info.max
    assert low is not None
    assert high is not None
    step = 1 if number_of(option.kind) is int else low / 2 or 1
    beyond = [low - step, high + 1, 10**30, -(10**30), "nan", "inf", "-inf", "1e999", "", "x", "0x10"]
    beyond += [-1] if low > -1 else []
    beyond += [0] if low > 0 else []
    for value in beyond:
        complaint = run(option, value, capsys)
        assert complaint.startswith(f"nnasim: {option.flag} = '{value}': must be a")
        assert f"at least {bound_text(low)} and at most {bound_text(high)}" in complaint


def test_a_zero_of_an_option_has_no_sign() -> None:
    assert math.copysign(1, ranges.finite(-0.0)) == 1
    for option in NUMERIC:
        assert option.kind not in (float, float | None) or option.info.callback is ranges.finite, option.flag


CHOICES = [option for option in options() if get_origin(option.kind) is Literal]


@pytest.mark.parametrize("option", CHOICES, ids=[f"{option.command} {option.flag}" for option in CHOICES])
def test_a_word_that_is_no_choice_is_told_all_of_them(option: Option, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*option.command.split(), option.flag, "Fast"]) == 2
    complaint = capsys.readouterr().err
    assert complaint.startswith(f"nnasim: {option.flag} = 'Fast': must be '")
    assert all(f"'{choice}'" in complaint for choice in get_args(option.kind))


@pytest.mark.skipif(find_spec("torch") is None, reason="some commands need torch")
@pytest.mark.parametrize("option", NUMERIC, ids=NAMES)
def test_both_ends_are_taken(option: Option, capsys: pytest.CaptureFixture[str]) -> None:
    for value in (option.info.min, option.info.max):
        assert option.flag not in run(option, value, capsys)


def test_ranges_are_those_of_the_records_behind_them() -> None:
    fields = ShapeTrace.model_fields
    assert ranges.MOST_FRAMES == LONGEST_TRACE
    assert [bound.le for bound in fields["frames"].metadata if hasattr(bound, "le")] == [ranges.MOST_FRAMES]
    assert [bound.le for bound in fields["symbols"].metadata if hasattr(bound, "le")] == [ranges.MOST_SYMBOLS]
    assert 1 + 2 * ranges.MOST_SYMBOLS <= LONGEST_TRACE
    assert ranges.MOST_TRIALS == MOST_POINTS
    assert SearchSpec(trials=ranges.MOST_TRIALS).trials == MOST_POINTS


def test_ranges_of_training_are_those_of_its_record() -> None:
    pytest.importorskip("torch")
    from aat_training import config
    from aat_training.data.jsonl import MAX_LINES

    assert (ranges.MOST_STEPS, ranges.MOST_SEED) == (config.MOST_STEPS, config.MOST_SEED)
    assert (ranges.LEAST_RATE, ranges.MOST_RATE) == (config.LEAST_RATE, config.MOST_RATE)
    assert ranges.MOST_DELAY_PENALTY == config.MOST_DELAY_PENALTY
    assert ranges.MOST_DISTILLATION == config.MOST_DISTILLATION
    assert ranges.MOST_UTTERANCES == MAX_LINES


def test_a_rate_of_training_is_given_to_its_record_as_it_is() -> None:
    pytest.importorskip("torch")
    from aat_training.recipes import load_recipe
    from aat_training.train import schedule

    for rate in (ranges.LEAST_RATE, ranges.MOST_RATE):
        assert schedule(load_recipe("tiny"), initialised=False, steps=1, learning_rate=rate).learning_rate == rate
    for steps in (1, ranges.MOST_STEPS):
        assert schedule(load_recipe("tiny"), initialised=False, steps=steps, seed=ranges.MOST_SEED).steps == steps
