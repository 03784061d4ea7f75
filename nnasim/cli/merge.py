"""`nnasim merge`: the stores of several machines into one."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from nnasim.cli.options import Quiet
from nnasim.cli.told import say
from nnasim.markup import counted


def command(
    stores: Annotated[list[Path], typer.Argument(help="the stores to copy from")],
    into: Annotated[Path, typer.Option(help="the store to copy to; created if it does not exist")],
    quiet: Quiet = False,
) -> None:
    """Copy the points of several stores (`nnasim sweep --shard I/N`) into one; points that are there already stay.

    Example: nnasim merge a.sqlite b.sqlite --into all.sqlite
    """
    from nnasim.sweeps.store import Store, merge

    with ExitStack() as stack:
        sources = [stack.enter_context(Store(path, write=False)) for path in stores]
        target = stack.enter_context(Store(into))
        new = merge(target, sources)
        if not quiet:
            say([f"{into}: {counted(new, 'point')} new, {target.count('ok') + target.count('failed'):,} in all"])
