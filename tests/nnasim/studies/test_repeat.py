"""The commands that `pareto.json` prints for a point compute the figures that stand beside them."""

import shlex
from pathlib import Path
from typing import Any

import pytest

from nnasim.cli.main import main
from nnasim.hardware import NnaConfig, load_preset
from nnasim.ir.io import read_result, write_record
from nnasim.ir.trace import OpTrace
from nnasim.studies.repeat import commands
from nnasim.sweeps.evaluate import Evaluator
from nnasim.sweeps.job import Job, load_job
from nnasim.sweeps.objectives import chip_figures
from nnasim.sweeps.settings import chip_settings
from nnasim.sweeps.spec import read_sweep_file
from workloads.rnnt.builder import build_trace
from workloads.rnnt.shapes import load_shape

# What may vary or be set in a study, each beside an axis of times.
STUDIES: dict[str, dict[str, Any]] = {
    "times only": {"axes": {"host.handoff_us": {"list": [5, 20]}}},
    "another base and settings": {
        "base": "edge512", "set": {"sram.bytes": 65536, "compiler.chunk_frames": 2},
        "axes": {"dram.bytes_per_second": {"list": [1.5e9]}},
    },
    "a base of its own": {
        "base": "bare.yaml", "objectives": ["rtf"], "axes": {"host.handoff_us": {"list": [7.5]}},
    },
    "arithmetic": {"axes": {"numerics.weight_bits": {"list": [4, 8]}, "numerics.cell_range": {"list": [None, 4.0]}}},
    "system": {"axes": {"system": {"list": ["float", "cpu_fallback", "naive"]}}},
    "placement": {"axes": {"placement.argmax": {"list": ["cpu"]}, "placement.joint_tanh": {"list": ["cpu", "nna"]}}},
    "endpointer": {"axes": {"options.endpointer_ms": {"list": [200.0, None]}}, "set": {"system": "cpu_fallback"}},
    "a flag": {"axes": {"sequencer.on_chip_decode": {"list": [False, True]}}},
}  # fmt: skip


def job_of(write_study: Any, **parts: Any) -> tuple[Job, Path]:
    path = write_study(**parts)
    return load_job(read_sweep_file(path), path), path


def points(job: Job) -> list[dict[str, Any]]:
    from nnasim.sweeps.space import Space

    return list(Space(job, "study").points())


def run_all(lines: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    for line in lines:
        program, *arguments = shlex.split(line)
        assert program == "nnasim"
        assert main([*arguments, "--force"]) == 0, line


def stored(folder: Path, preset: str = "edge256") -> OpTrace:
    return build_trace(load_shape(str(folder / "tiny.yaml")), 6, 2, numerics=load_preset(preset).numerics)


@pytest.mark.parametrize("kind", ["shape", "stored"])
@pytest.mark.parametrize("name", STUDIES)
def test_the_commands_of_a_point_compute_its_figures_again(
    name: str, kind: str, write_study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = dict(STUDIES[name])
    if kind == "stored":
        preset = "edge512" if parts.get("base") == "edge512" else "edge256"
        write_record(tmp_path / "t.json", stored(tmp_path, preset))
        parts["traces"] = ["t.json", "t.json"]
    job, path = job_of(write_study, **parts)
    for values in points(job):
        expected = Evaluator(job).figures(values)
        for old in tmp_path.glob("result-*.json"):
            old.unlink()
        run_all(commands(job, values, Path(path.name)), tmp_path, monkeypatch)
        results = [read_result(file) for file in sorted(tmp_path.glob("result-*.json"))]
        assert len(results) == len(job.traces)
        assert chip_figures(results, NnaConfig.model_validate(job.chip(values))) == expected


def test_the_settings_hold_what_the_study_sets_and_what_the_point_varies(write_study) -> None:
    job, _ = job_of(write_study, set={"sram.ports": 2}, axes={"sequencer.on_chip_decode": {"list": [False]}})
    assert chip_settings(job, points(job)[0]) == ["sram.ports=2", "sequencer.on_chip_decode=false"]


def test_a_stored_trace_of_another_arithmetic_is_refused_before_a_point_runs(
    write_study, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_record(tmp_path / "t.json", stored(tmp_path))
    path = write_study(base="edge512", traces=["t.json"])
    assert main(["sweep", str(path), "--store", str(tmp_path / "s.sqlite"), "--jobs", "1"]) == 2
    complaint = capsys.readouterr().err
    assert complaint.count("\n") == 1
    assert "study.yaml: traces.1: numerics.activation = 'lut8': but the chip edge512 has lut16" in complaint
    assert not (tmp_path / "s.sqlite").exists()
