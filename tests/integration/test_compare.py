"""`nnasim compare` on bundled speech, with recognisers that the test trains for two steps."""

import json
import re
import shlex
from pathlib import Path

import pytest

pytest.importorskip("torch")

from nnasim import files
from nnasim.cli.main import main
from nnasim.files import MARK
from nnasim.ir.io import read_result
from nnasim.ir.trace import System
from reports.csvfile import read_csv
from reports.perfetto import perfetto_is_installed
from workloads.bundled import speech_manifest

SYSTEMS = System.__args__  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A manifest of the first three bundled utterances."""
    bundled = speech_manifest()
    lines = []
    for line in bundled.read_text().splitlines()[:3]:
        entry = json.loads(line)
        lines.append(json.dumps({**entry, "audio_filepath": str(bundled.parent / entry["audio_filepath"])}))
    manifest = tmp_path_factory.mktemp("speech") / "three.jsonl"
    manifest.write_text("\n".join(lines) + "\n")
    return manifest


@pytest.fixture(scope="module")
def checkpoints(speech: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with `float` and `aat`, hardly trained: what is tested here is the road, not the recogniser."""
    folder = tmp_path_factory.mktemp("checkpoints")
    common = ["train", "--recipe", "tiny", "--train", str(speech), "--dev", str(speech), "--steps", "2"]
    assert main([*common, "--out", str(folder / "float")]) == 0
    assert main([*common, "--system", "aat", "--init", str(folder / "float"), "--out", str(folder / "aat")]) == 0
    return folder


def _compare(speech: Path, checkpoints: Path, out: Path, *more: str) -> int:
    common = ["--manifest", str(speech), "--checkpoints", str(checkpoints), "--limit", "2"]
    return main(["compare", *common, "--out", str(out), *more])


@pytest.fixture(scope="module")
def compared(speech: Path, checkpoints: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a comparison of all five systems."""
    out = tmp_path_factory.mktemp("compared") / "demo"
    assert _compare(speech, checkpoints, out) == 0
    return out


def test_the_folder_is_complete(compared: Path) -> None:
    native = {"timeline.perfetto-trace"} if perfetto_is_installed() else set()
    assert {path.name for path in compared.iterdir()} == native | {
        "summary.json", "hypotheses.csv", "ops.csv", "timeline.json", "report.html", "results", "traces", MARK,
    }  # fmt: skip
    assert {path.stem for path in (compared / "results").iterdir()} == set(SYSTEMS)


def test_the_summary_joins_accuracy_and_cost(compared: Path) -> None:
    summary = files.read_json(compared / "summary.json")
    assert summary["corpus"]["utterances"] == 2
    assert set(summary["systems"]) == set(SYSTEMS)
    for system, figures in summary["systems"].items():
        assert figures["wer"] == pytest.approx(figures["errors"] / summary["corpus"]["words"])
        low, high = figures["wer_ci"]
        assert low <= figures["wer"] <= high
        assert 0 < figures["engine_latency_ms"]["p50"] <= figures["engine_latency_ms"]["p99"]
        assert (figures["handoffs"] > 0) == (system not in ("float", "cpu_int8"))
    slow, fast = (summary["systems"][name]["engine_latency_ms"]["mean"] for name in ("cpu_fallback", "aat"))
    gain = summary["gain"]
    assert gain["engine_latency_pct"] == pytest.approx(100 * (1 - fast / slow))
    low, high = gain["engine_latency_pct_ci"]
    assert low <= gain["engine_latency_pct"] <= high
    assert sum(kind["utterances"] for kind in gain["by_last_frame"]) == summary["corpus"]["utterances"]
    assert gain["wer_lost_errors"] == summary["systems"]["naive"]["errors"] - summary["systems"]["float"]["errors"]


def test_no_median_stands_for_a_gain_and_the_use_of_the_chip_is_shown(compared: Path) -> None:
    page = (compared / "report.html").read_text()
    text = re.sub("<script.*?</script>", "", page, flags=re.DOTALL)
    assert "median" not in text.replace("medians over frames and utterances", "")  # of lifted limits, which are no gain
    assert "used of the peak" in page
    for figures in files.read_json(compared / "summary.json")["systems"].values():
        assert 0 <= figures["mac_utilisation"] <= 1
        assert figures["dram_share"] >= 0


def test_every_system_heard_the_same_work(compared: Path) -> None:
    """Comparable by speech and model, though each system decoded words of its own."""
    results = [read_result(path) for path in (compared / "results").iterdir()]
    assert len({(result.workload.speech, result.workload.model) for result in results if result.workload}) == 1
    assert all(result.workload for result in results)


def test_every_system_was_heard_on_every_utterance(compared: Path) -> None:
    rows = read_csv(compared / "hypotheses.csv", ("id", "system", "reference", "hypothesis"))
    assert sorted((row[1], row[0]) for row in rows) == sorted(
        (system, f"strings-{n:06}") for system in SYSTEMS for n in range(2)
    )


def test_the_page_is_what_report_makes_of_the_folder(compared: Path, tmp_path: Path) -> None:
    assert main(["report", str(compared), "--out", str(tmp_path / "again.html")]) == 0
    assert (tmp_path / "again.html").read_bytes() == (compared / "report.html").read_bytes()


def test_the_same_comparison_writes_the_same_bytes(
    speech: Path, checkpoints: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a", "b"):
        assert _compare(speech, checkpoints, tmp_path / name, "--systems", "aat", "naive") == 0
    assert f"open {tmp_path / 'a' / 'report.html'}" in capsys.readouterr().out
    for path in (tmp_path / "a").rglob("*.*"):
        assert path.read_bytes() == (tmp_path / "b" / path.relative_to(tmp_path / "a")).read_bytes()


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--systems", "fast"], "--systems = 'fast': known are float, cpu_int8, cpu_fallback, naive, aat"),
        (["--preset", "edge9"], "'edge9': known are edge256"),
        (["--checkpoints", "nowhere"], "nowhere"),
        (["--manifest", "nowhere.jsonl"], "nowhere.jsonl: cannot be read"),
        (["--limit", "0"], "--limit"),
        (["stray"], "'stray': is not expected"),
    ],
)
def test_a_wrong_argument_is_one_line_and_makes_no_folder(
    more: list[str], message: str, speech: Path, checkpoints: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _compare(speech, checkpoints, tmp_path / "out", *more) == 2
    complaint = capsys.readouterr().err
    assert message in complaint
    assert complaint.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_the_command_in_a_summary_makes_the_folder_again(compared: Path, tmp_path: Path) -> None:
    program, *arguments = shlex.split(files.read_json(compared / "summary.json")["command"])
    assert program == "nnasim"
    again = tmp_path / "again"
    assert main([str(again) if word == "DIR" else word for word in arguments]) == 0
    for name in ("summary.json", "hypotheses.csv", "ops.csv", "report.html"):
        assert (again / name).read_bytes() == (compared / name).read_bytes()


def test_an_existing_folder_is_refused_and_kept(
    compared: Path, speech: Path, checkpoints: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (compared / "summary.json").read_bytes()
    assert _compare(speech, checkpoints, compared) == 2
    assert "exists already" in capsys.readouterr().err
    assert (compared / "summary.json").read_bytes() == before


def test_words_and_cost_are_those_of_the_placement(speech: Path, checkpoints: Path, tmp_path: Path) -> None:
    """What cpu_fallback leaves to the CPU, left to the CPU by hand: naive then is cpu_fallback."""
    groups = "gate_activation,element_wise,cell_tanh,joint_tanh,argmax,embedding"
    assert _compare(speech, checkpoints, tmp_path / "placed", "--placement", groups) == 0
    summary = json.loads((tmp_path / "placed" / "summary.json").read_text())
    naive, fallback = summary["systems"]["naive"], summary["systems"]["cpu_fallback"]
    assert [cause.pop("reason").replace("naive", "cpu_fallback") for cause in naive["waits"]["cpu"]] == [
        cause.pop("reason") for cause in fallback["waits"]["cpu"]
    ]
    assert naive == fallback
    assert summary["placement"] == f"on the CPU: {groups.replace(',', ', ')}"
    rows = read_csv(tmp_path / "placed" / "hypotheses.csv", ["id", "system", "reference", "hypothesis"])
    hypotheses = {system: [row[3] for row in rows if row[1] == system] for system in ("naive", "cpu_fallback")}
    assert hypotheses["naive"] == hypotheses["cpu_fallback"]
    assert "are placed" in (tmp_path / "placed" / "report.html").read_text()
