"""Placement policies: what a compiler does with a graph of which its chip cannot run some groups of operations.

Data first: a policy is the groups that the chip has no unit for, and the rule by which the others then follow them.
The rules are after public statements about real compilers; the groups a user may choose freely.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from nnasim import files
from nnasim.errors import ConfigError
from nnasim.ir.trace import ALWAYS_ON_CPU, OP_GROUPS, OpGraph, OpGroup, OpTrace, Unit
from nnasim.records import Frozen, validated

Rule = Literal["per_operator", "after_first_unsupported", "whole_layer"]


@dataclass(frozen=True)
class Policy:
    """``unsupported``: groups that the chip does not run; ``rule``: what else goes to the CPU with them."""

    name: str
    rule: Rule
    unsupported: frozenset[OpGroup]
    description: str


_ACTIVATIONS: frozenset[OpGroup] = frozenset({"gate_activation", "cell_tanh", "joint_tanh"})

# Rules: Vela places operator by operator; the Edge TPU compiler cuts a graph once, at its first unsupported operator;
# Apple's ANE takes an LSTM whole or not at all. That all three lack sigmoid and tanh is assumed, to compare the rules.
POLICIES: dict[str, Policy] = {
    policy.name: policy
    for policy in (
        Policy("vela", "per_operator", _ACTIVATIONS, "operator by operator, as Vela does"),
        Policy(
            "edge_tpu", "after_first_unsupported", _ACTIVATIONS,
            "everything after a graph's first unsupported operator goes to the CPU, as Edge TPU's compiler does",
        ),
        Policy("ane", "whole_layer", _ACTIVATIONS, "a layer runs on the chip whole or not at all, as LSTMs on ANE"),
    )
}  # fmt: skip


class _PlacementFile(Frozen):
    """``on_cpu``: groups that the chip does not run; ``rule``: what follows them. Or ``policy``: a known one."""

    policy: str | None = None
    rule: Rule = "per_operator"
    on_cpu: Annotated[tuple[OpGroup, ...], Field(max_length=len(OP_GROUPS))] = ()


def load_policy(name_or_path: str | Path) -> Policy:
    """A known policy by name, a list of groups as "gate_activation,cell_tanh", or a YAML file.

    Raises ConfigError or FileError.
    """
    text = str(name_or_path)
    if text in POLICIES:
        return POLICIES[text]
    if Path(text).suffix in (".yaml", ".yml"):
        return _read_policy(Path(text))
    groups = [group for group in text.split(",") if group]
    if not groups or set(groups) - set(OP_GROUPS):
        raise ConfigError(
            "placement",
            "",
            text,
            f"known are {', '.join(POLICIES)}; a .yaml file; or groups of {', '.join(OP_GROUPS)}{files.seems(text)}",
        )
    return Policy(text, "per_operator", frozenset(groups), f"on the CPU: {', '.join(groups)}")  # type: ignore[arg-type]


def _read_policy(path: Path) -> Policy:
    data = files.read_yaml(path)
    if not isinstance(data, dict):
        raise ConfigError(path, "", data, "must be a mapping with on_cpu and rule, or with policy")
    files.refuse_other(data, "a placement file", path)
    placement = validated(_PlacementFile, data, path)
    if placement.policy is not None:
        if placement.policy not in POLICIES:
            raise ConfigError(path, "policy", placement.policy, f"known are {', '.join(POLICIES)}")
        return POLICIES[placement.policy]
    return Policy(
        path.stem[:200], placement.rule, frozenset(placement.on_cpu), f"{placement.rule}: {', '.join(placement.on_cpu)}"
    )


def placed(trace: OpTrace, policy: Policy) -> OpTrace:
    """``trace`` with the placement that ``policy`` gives it.

    Operations that are always on the CPU stay there, above all the quantising of features, and so do operations that
    the trace places there one by one.
    """
    groups: dict[OpGroup, Unit] = {
        group: "cpu" if group in policy.unsupported or group in ALWAYS_ON_CPU else "nna" for group in trace.placement
    }
    moved = {name for graph in trace.graphs.values() for name in _followers(graph, policy)}
    kept = {name for name, unit in trace.op_placement.items() if unit == "cpu"}
    return trace.model_copy(update={"placement": groups, "op_placement": dict.fromkeys(sorted(moved | kept), "cpu")})


def _followers(graph: OpGraph, policy: Policy) -> set[str]:
    """Names of operations that go to the CPU by the rule, beyond those of the unsupported groups."""
    refused = [op.group in policy.unsupported for op in graph.ops]
    if policy.rule == "per_operator" or not any(refused):
        return set()
    if policy.rule == "after_first_unsupported":
        return {op.name for op in graph.ops[refused.index(True) :]}
    layers = {op.layer for op, no in zip(graph.ops, refused, strict=True) if no}
    return {op.name for op in graph.ops if op.layer in layers}
