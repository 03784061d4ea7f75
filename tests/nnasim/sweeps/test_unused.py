"""A setting of a sweep file that neither a sweep nor a search uses is refused by its name."""

from __future__ import annotations

from typing import Any

import pytest

from nnasim.errors import ConfigError
from nnasim.sweeps.spec import parse_sweep_file
from nnasim.sweeps.unused import refuse_unused

SWEEP = {
    "base": "edge256", "traces": ["t.json"], "axes": {"host.handoff_us": {"list": [5, 20]}}, "objectives": ["rtf"],
}  # fmt: skip
SYSTEMS = {"axes": {"system": {"list": ["naive", "aat"]}}}
SHAPE = {"shape": "rnnt-mlperf", "frames": 2, "symbols": 1}
SCORED = {"checkpoints": "models", "manifest": "dev.jsonl"}
TUNED = {**SCORED, "finetune": {"steps": 5, "train": "t.jsonl", "dev": "d.jsonl"}}


def refuse(changes: dict[str, Any]) -> None:
    refuse_unused(parse_sweep_file({**SWEEP, **changes}, "s.yaml"), "s.yaml")


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"search": {"prune_margin": 2}}, r"search\.prune_margin = 2\.0: is not used without prune_frames"),
        ({**SYSTEMS, "accuracy": {**SCORED, "system": "float"}}, r"accuracy\.system = 'float': .*beside axes\.system"),
        ({"set": {"system": "naive"}, "accuracy": {**SCORED, "system": "float"}}, r"not used beside set\.system"),
        ({**SYSTEMS, "traces": ["t.json", {**SHAPE, "system": "float"}]}, r"traces\.1\.system = 'float': is not used"),
        ({"accuracy": TUNED}, r"accuracy\.finetune\.steps = 5: is not used unless aat is scored"),
        ({"axes": {"system": {"list": ["naive", "float"]}}, "accuracy": TUNED}, "unless aat is scored"),
        ({"set": {"system": "naive"}, "accuracy": TUNED}, "unless aat is scored"),
    ],
)
def test_a_setting_without_effect_is_refused(changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ConfigError, match=rf"^s\.yaml: .*{complaint}"):
        refuse(changes)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"search": {"prune_frames": 3, "prune_margin": 2}},
        {"accuracy": {**SCORED, "system": "float"}, "traces": [{**SHAPE, "system": "float"}]},
        {**SYSTEMS, "accuracy": TUNED},
        {"accuracy": {**TUNED, "system": "aat"}},
        {"set": {"system": "aat"}, "accuracy": TUNED},
    ],
)
def test_a_setting_with_an_effect_is_taken(changes: dict[str, Any]) -> None:
    refuse(changes)
