"""`nnasim bench`: how fast this package is, each figure beside what it is compared with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from nnasim.cli.options import DEFAULT_PRESET, Force, Preset, Quiet
from nnasim.cli.told import refuse_json, say, tell_found


def command(
    json: Annotated[Path, typer.Option(metavar="FILE|-", help="the file to write; -: print it, and nothing else")],
    preset: Preset = DEFAULT_PRESET,
    peers: Annotated[bool, typer.Option(help="run SCALE-Sim, ZigZag and Vela too, if they are installed")] = True,
    peer_python: Annotated[
        list[Path] | None,
        typer.Option(metavar="PYTHON", help="an interpreter whose environment has such a tool; may be repeated"),
    ] = None,
    training: Annotated[bool, typer.Option(help="measure training and decoding too, if torch is installed")] = True,
    quiet: Quiet = False,
    force: Force = False,
) -> None:
    """Measure the simulator on a paper-sized recogniser and write {NAME: {value, unit, compared_with, ratio}}.

    Training is measured beside torch.nn.LSTM and a float training step, decoding of many utterances at once beside one
    by one. Times are CPU seconds. A ratio says how many
    times better ours is: their cost over ours, our rate over theirs. Other tools run as their own commands on one
    layer, in this environment or in that of a --peer-python; "quoted" marks what was not measured in this run.

    Example: nnasim bench --json bench.json
    """
    from nnasim.cli.doubts import load_chip
    from nnasim.cli.unused import refuse_idle_force, refuse_unused
    from nnasim.studies.speed.study import SpeedInputs, speed

    if not peers:
        refuse_unused("bench", "with --no-peers", peer_python=[str(path) for path in peer_python or []])
    refuse_json("bench", json, quiet, force)
    refuse_idle_force("bench", force, json=json)
    load_chip(preset, None)
    inputs = SpeedInputs(preset=preset, peers=peers, peer_pythons=tuple(peer_python or ()), training=training)
    figures = speed(inputs)
    tell_found(lambda: _show(figures), figures, json=json, quiet=quiet, force=force)


MOST_LINES, COLUMNS = 15, 80


def _show(figures: dict[str, dict[str, Any]]) -> None:
    """Print one figure per line, as many as fit on a screen: its value, and the factor by which it is better than what
    it is compared with.
    """
    from reports.text import number, shortened

    shown_figures = dict(list(figures.items())[: MOST_LINES if len(figures) <= MOST_LINES else MOST_LINES - 1])
    width, lines = min(32, max(map(len, shown_figures))), list[str]()
    for name, figure in shown_figures.items():
        line = f"{shortened(name, width):<{width}} {number(float(figure['value'])):>8} {figure['unit']}"
        ratio = f"  {number(float(figure['ratio']))} x " if figure["ratio"] else ""
        room = COLUMNS - len(line) - len(ratio)
        lines.append(f"{line}{ratio}{shortened(figure['compared_with'], room)}" if ratio and room > 10 else line)
    if len(figures) > len(shown_figures):
        lines.append(f"and {len(figures) - len(shown_figures):,} more in the file")
    say(lines)
