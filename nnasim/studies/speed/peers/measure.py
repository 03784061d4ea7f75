"""The cost of one matrix product of the paper-sized recogniser in other tools: measured if installed, else quoted."""

from __future__ import annotations

import resource
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nnasim.studies.speed.peers import scale_sim_layer, vela_layer, zigzag_layer

M, N, K = 1, 4096, 1024  # the recurrent product of an encoder layer, one of a frame's 17
LONGEST_S = 600  # SCALE-Sim takes half a minute for it
Usage = Any  # what resource.getrusage returns
Command = Callable[[str, Path, int, int, int], list[str]]


@dataclass(frozen=True)
class Peer:
    """A tool: its name, its distribution, how it is run, and the CPU seconds that were measured with ``version``."""

    name: str
    distribution: str
    command: Command
    version: str
    quoted_s: float


# Quoted: user_s of the rows of this layer in the measured tables that docs/explanation/validation.md describes.
PEERS = (
    Peer("SCALE-Sim", "scalesim", scale_sim_layer.command, "3.0.0", 24.2),
    Peer("ZigZag", "zigzag-dse", zigzag_layer.command, "3.9.1", 0.829),
    Peer("Vela", "ethos-u-vela", vela_layer.command, "5.2.0", 0.86),
)


@dataclass(frozen=True)
class Cost:
    """CPU seconds of one tool for the layer, and in words which tool that was and where the number is from."""

    seconds: float
    description: str


def cost(peer: Peer, python: str, seconds_of: Callable[[list[str], Path], float] | None = None) -> Cost:
    """The cost of the layer for ``peer`` in the environment of the interpreter ``python``, its own start included.

    ``seconds_of``: (command, folder) -> the cost of running it; default: ``child_seconds``.
    """
    version = installed_version(peer.distribution, python)
    quoted = f"{peer.name} {peer.version}, the same layer, quoted"
    if version is None:
        return Cost(peer.quoted_s, quoted)
    try:
        with tempfile.TemporaryDirectory(prefix="nnasim-bench-") as folder:
            seconds = (seconds_of or child_seconds)(peer.command(python, Path(folder), M, N, K), Path(folder))
    except (subprocess.SubprocessError, OSError) as error:
        return Cost(peer.quoted_s, f"{quoted}, since {version} is installed but {_failure(error)}")
    return Cost(seconds, f"{peer.name} {version}, the same layer, measured")


def installed_version(distribution: str, python: str) -> str | None:
    """The version of ``distribution`` that the interpreter ``python`` has, None if it has none."""
    ask = f"import importlib.metadata as m; print(m.version({distribution!r}))"
    try:
        answer = subprocess.run([python, "-c", ask], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None


def child_seconds(command: list[str], folder: Path, usage: Callable[[int], Usage] = resource.getrusage) -> float:
    """CPU seconds of ``command`` and its children. Raises subprocess.SubprocessError if it fails or hangs."""
    before = usage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, timeout=LONGEST_S)
    after = usage(resource.RUSAGE_CHILDREN)
    return float(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def _failure(error: Exception) -> str:
    """The reason why a run failed, in a few words."""
    if isinstance(error, subprocess.TimeoutExpired):
        return f"was not done after {LONGEST_S} s"
    stderr = getattr(error, "stderr", None) or ""
    text = stderr if isinstance(stderr, str) else stderr.decode(errors="replace")
    last = text.strip().splitlines()[-1:] or [type(error).__name__]
    return f"failed ({last[0][:100]})"
