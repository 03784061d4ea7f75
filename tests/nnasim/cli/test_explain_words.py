"""`explain --words`: which field of the numerics costs how many words, each as a decode of the same speech."""

import json
import re
from pathlib import Path

import pytest

pytest.importorskip("torch")

from nnasim.cli.main import main
from nnasim.ir.explanation import NumericsWords
from nnasim.ir.io import read_result, write_record
from nnasim.studies.explaining import decodes
from tests.attack import refused
from workloads.bundled import checkpoints_folder, speech_manifest

WORDS = ["explain", "result.json", "--limit", "4"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the result of naive on two utterances."""
    path = tmp_path_factory.mktemp("words")
    speech = ["--checkpoint", str(checkpoints_folder() / "float"), "--manifest", str(speech_manifest())]
    trace = str(path / "trace.json")
    assert main(["trace", *speech, "--system", "naive", "--limit", "2", "--out", trace]) == 0
    assert main(["simulate", trace, "--out", str(path / "result.json")]) == 0
    return path


@pytest.fixture(autouse=True)
def there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)


def words_of(path: str) -> NumericsWords:
    explanation = read_result(path).explanation
    assert explanation is not None
    assert explanation.numerics_words is not None
    return explanation.numerics_words


def test_each_row_is_evaluate_with_the_line_that_is_shown_and_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*WORDS, "--words", "--all", "--out", "explained.json"]) == 0
    shown = capsys.readouterr()
    assert "decodes 4 utterances up to 10 times" in shown.err
    assert max(map(len, shown.out.splitlines())) <= 80
    words = words_of("explained.json")
    assert len(words.fields) == words.planned == 9
    row = next(row for row in words.fields if row.field == "numerics.cell_bits" and row.changes)
    evaluate = ["evaluate", "--checkpoint", str(checkpoints_folder() / "float"), "--manifest", str(speech_manifest())]
    for changes, errors in (({}, words.errors), (row.changes, row.errors)):
        settings = [part for field, value in changes.items() for part in ("--set", f"{field}={json.dumps(value)}")]
        system = ["--system", "naive", "--limit", "4", "--json", "score.json", "--force"]
        assert main([*evaluate, *system, *settings]) == 0
        assert json.loads(Path("score.json").read_text())["errors"] == errors
    capsys.readouterr()

    assert main(["explain", "explained.json", "--all"]) == 0
    assert shown.out.partition("What it costs in words")[2] == capsys.readouterr().out.partition(
        "What it costs in words"
    )[2]  # fmt: skip
    assert main(["report", "explained.json", "--out", "page.html"]) == 0
    assert "numerics.cell_bits" in Path("page.html").read_text(encoding="utf-8")


def test_a_stopped_run_goes_on_from_what_it_has_kept(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    decode, decoded = decodes.Decoder.score, []

    def counted(self: decodes.Decoder, easing: decodes.Easing | None) -> decodes.Score:
        decoded.append(easing.field if easing else "")
        if len(decoded) == 4:
            raise KeyboardInterrupt
        return decode(self, easing)

    monkeypatch.setattr(decodes.Decoder, "score", counted)
    assert main([*WORDS, "--words", "--out", "part.json"]) == 130
    assert len(words_of("part.json").fields) == 2
    again = ["explain", "part.json", "--limit", "4", "--words", "--out", "part.json", "--force"]
    assert main(again) == 0
    assert len(decoded) == 4 + 1 + 7  # as it is again, since all others are held to it
    assert len(words_of("part.json").fields) == 9
    decoded.clear()
    other_speech = ["explain", "part.json", "--limit", "2", "--words", "--quiet"]
    decoded += ["", "", "", ""]
    assert main(other_speech) == 0
    assert len(decoded) == 4 + 10
    shown = capsys.readouterr().out
    assert len(re.findall(r"^  words wrong +\d+ of \d+: ", shown, re.MULTILINE)) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["result.json", "--limit", "4"], "--limit = 4: is not used without --words"),
        (["result.json", "--words", "--manifest", "nothing.jsonl"], "nothing.jsonl"),
        (["result.json", "--words", "--checkpoints", "."], "holds no float/"),
        (["result.json", "--words", "--checkpoints", str(checkpoints_folder() / "float")], "is itself a checkpoint"),
        (["other.json", "--words", "--limit", "1"], "must be the model that ran"),
        (["float.json", "--words", "--limit", "1"], "system = 'float': computes in no chip's integers"),
    ],
)
def test_words_of_what_cannot_be_decoded_are_refused_in_one_line(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    result = read_result("result.json")
    larger = tuple(op.model_copy(update={"macs": 2 * op.macs}) for op in result.ops)
    totals = result.totals.model_copy(update={"macs": 2 * result.totals.macs})
    other = result.model_copy(update={"ops": larger, "totals": totals, "command": None})
    write_record("other.json", other, force=True)
    write_record("float.json", result.model_copy(update={"system": "float", "command": None}), force=True)
    assert main(["explain", *arguments, "--out", "refused.json"]) == 2
    errors = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("nnasim: note")]
    assert len(errors) == 1
    assert said in errors[0]
    assert not Path("refused.json").exists()


@pytest.mark.parametrize("limit", ["9" * 5000, "0", "50001", "\u0663", "two"])
def test_a_recorded_limit_that_no_command_can_have_had_is_refused(limit: str) -> None:
    result = json.loads(Path("result.json").read_text())
    Path("hostile.json").write_text(json.dumps({**result, "command": f"nnasim compare --limit {limit} --out demo"}))
    line = refused("explain", "hostile.json", "--trace", "trace.json", "--words")
    assert "hostile.json: command = '--limit " in line
    assert "must be 1 to 50,000; give --limit" in line
