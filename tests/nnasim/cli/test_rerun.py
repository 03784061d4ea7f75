"""`rerun`: a result from its own record, unchanged, tampered with, and recorded by nobody."""

import json
import shlex
from pathlib import Path

import pytest

from nnasim.cli.main import main
from nnasim.cli.recorded import REPEATABLE, WRITES
from nnasim.ir.io import write_record
from tests.nnasim.cli.commands import options
from tests.nnasim.cli.test_compare_results import TINY, result
from workloads.rnnt.builder import build_trace


@pytest.fixture
def measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A result of `simulate` in the current folder, beside the trace that it names."""
    monkeypatch.chdir(tmp_path)
    write_record(tmp_path / "trace.json", build_trace(TINY, 3, 1, system="aat"))
    assert main(["simulate", "trace.json", "--set", "host.handoff_us=40", "--out", "result.json"]) == 0
    return tmp_path / "result.json"


def changed(path: Path, **fields: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def test_the_same_code_makes_the_same_result(measured: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = measured.read_bytes()
    capsys.readouterr()
    assert main(["rerun", "result.json"]) == 0
    assert capsys.readouterr().out == "identical: every figure is the same\n"
    assert measured.read_bytes() == before
    assert sorted(path.name for path in measured.parent.iterdir()) == ["result.json", "trace.json"]


def test_a_figure_that_moved_is_named_with_both_values(measured: Path, capsys: pytest.CaptureFixture[str]) -> None:
    totals = json.loads(measured.read_text())["totals"]
    changed(measured, totals={**totals, "handoffs": totals["handoffs"] + 1})
    capsys.readouterr()
    assert main(["rerun", "result.json"]) == 1
    said = capsys.readouterr().out
    assert f"result.json: totals.handoffs: {totals['handoffs'] + 1} -> {totals['handoffs']}\n" in said
    assert said.endswith("1 value moved\n")


def test_another_version_is_named_and_moves_nothing(measured: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changed(measured, commit="0" * 40)
    capsys.readouterr()
    assert main(["rerun", "result.json"]) == 0
    assert "result.json: commit: '0000" in capsys.readouterr().out


def test_another_trace_under_the_same_name_is_seen(measured: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_record(measured.parent / "trace.json", build_trace(TINY, 4, 1, system="aat"), force=True)
    assert main(["rerun", "result.json"]) == 1
    assert "trace_hash" in capsys.readouterr().out


@pytest.mark.parametrize(
    "command",
    ["rm -rf /", "nnasim train --recipe tiny", "nnasim", "", "'", "sh -c 'nnasim simulate trace.json'"],
)
def test_only_commands_that_make_a_result_are_run(
    measured: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    changed(measured, command=command)
    assert main(["rerun", "result.json"]) == 2
    assert (
        "which is not one of nnasim compare, nnasim compare-chips, nnasim explain, nnasim simulate"
        in capsys.readouterr().err
    )


def test_a_recorded_command_writes_nothing_of_the_users(measured: Path) -> None:
    victim = measured.parent / "victim.json"
    victim.write_text("mine")
    words = ["nnasim", "simulate", "trace.json", "--set", "host.handoff_us=40", f"--out={victim}", "--out", str(victim)]
    changed(measured, command=shlex.join([*words, "--perfetto", str(victim), f"--perfetto={victim}", "--force"]))
    assert main(["rerun", "result.json"]) == 0
    assert victim.read_text() == "mine"


def test_a_recorded_command_makes_no_new_file_either(measured: Path) -> None:
    command = "nnasim simulate trace.json --set host.handoff_us=40 --out r.json"
    changed(measured, command=f"{command} --json {measured.parent / 'made'} --json={measured.parent / 'too'}")
    assert main(["rerun", "result.json"]) == 0
    assert sorted(path.name for path in measured.parent.iterdir()) == ["result.json", "trace.json"]


def test_every_option_that_writes_is_left_out_of_a_recorded_command() -> None:
    """A file of a stranger records what it likes: `--json /home/me/.profile` would be made."""
    writing = {
        option.flag
        for option in options()
        if option.command in REPEATABLE and (option.flag == "--out" or "also write" in (option.info.help or ""))
    }
    assert writing <= set(WRITES)


def test_a_result_of_python_code_has_no_command_to_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = result(tmp_path / "result.json", 50)
    assert main(["rerun", path]) == 2
    assert "records no command" in capsys.readouterr().err


def test_an_input_that_is_gone_is_named(measured: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (measured.parent / "trace.json").unlink()
    assert main(["rerun", "result.json"]) == 2
    assert "trace.json: cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize("source", ["result.json", "trace.json"])
def test_what_was_explained_is_explained_again(measured: Path, source: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", source, "--out", "explained.json", "--markdown", "why.md", "--quiet"]) == 0
    capsys.readouterr()
    assert main(["rerun", "explained.json"]) == 0
    assert capsys.readouterr().out == "identical: every figure is the same\n"
    explanation = json.loads((measured.parent / "explained.json").read_text())["explanation"]
    explanation["base"]["frame_ms"] += 1
    changed(measured.parent / "explained.json", explanation=explanation)
    assert main(["rerun", "explained.json"]) == 1
    assert "explained.json: explanation.base.frame_ms" in capsys.readouterr().out


def test_two_fronts_are_compared_again(measured: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, rate in (("a", 2e9), ("b", 4e9)):
        (measured.parent / f"{name}.yaml").write_text(
            f"base: edge256\ntraces: [trace.json]\naxes:\n  dram.bytes_per_second: {{list: [1.0e9, {rate}]}}\n"
            "objectives: [engine_latency_ms.p90, energy_mj]\nsampler: grid\n"
        )
        assert main(["sweep", f"{name}.yaml", "--store", f"{name}.db", "--jobs", "1", "--quiet"]) == 0
    assert main(["compare-chips", "a.db", "b.db", "--out", "fronts", "--quiet"]) == 0
    capsys.readouterr()
    assert main(["rerun", "fronts"]) == 0
    assert capsys.readouterr().out == "identical: every figure is the same\n"
    assert main(["rerun", "fronts/fronts.json"]) == 2
    assert "give fronts" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "record", "said"),
    [
        ("study.json", {"kind": "nnasim.delay_study", "command": "nnasim study delays"}, "nnasim study delays"),
        ("model.json", {"kind": "nnasim.checkpoint", "info": {"command": "nnasim train --out OUT"}}, "nnasim train"),
        ("validation.json", {"rows": 3}, "records no command"),
        ("points.csv", {}, "nnasim sweep-report draws it again"),
        ("other.json", {}, "holds no summary.json"),
    ],
)
def test_folders_that_are_no_run_are_refused_with_the_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, record: dict[str, object], said: str
) -> None:
    (tmp_path / name).write_text(json.dumps(record))
    assert main(["rerun", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_files_that_are_no_result_are_refused_by_what_they_are(
    measured: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rerun", "trace.json"]) == 2
    assert "is a trace, which no repeatable run made" in capsys.readouterr().err
