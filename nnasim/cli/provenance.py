"""What made a result: the command, the versions and the commit; written into every result file."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from nnasim.cli.invocation import ARGUMENTS

PACKAGES = ("nnasim", "numpy", "simpy")


def versions(extra: Iterable[str] = ()) -> dict[str, str]:
    """Versions of Python and of the packages that determine a result; one that is absent is left out."""
    found = {"python": ".".join(map(str, sys.version_info[:3]))}
    for name in (*PACKAGES, *extra):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def command_line(output: str) -> str:
    """The running command, to repeat it, without what decides nothing: the same inputs give the same bytes.

    ``output`` stands in for the value of `--out`; `--force` and `--jobs` are left out for the same reason.
    """
    shown, words = ["nnasim"], iter(ARGUMENTS.get())
    for word in words:
        option, equals, _ = word.partition("=")
        if option in ("--out", "--jobs") and not equals:
            next(words, None)
        if option == "--out":
            shown += ["--out", output]
        elif option not in ("--force", "--jobs"):
            shown.append(word)
    return shlex.join(shown)


def commit() -> str | None:
    """The commit of this source tree; None for an installed package, whose version says it all."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return None
    command = ["git", "-C", str(root), "rev-parse", "HEAD"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None
