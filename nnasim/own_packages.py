"""The packages `reports`, `workloads` and `aat_training` are imported from nnasim's own folder, whatever the user's
folder holds.

A user may have a module with such a name. Python looks in the working folder (`python -m nnasim`, a notebook) or in
the script's folder before it looks where nnasim is installed, and would find a `reports/__init__.py` or a
`workloads.py` there. So a package of ours that needs one of them imports it first, from the folder in which nnasim
itself lives.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import PathFinder
from importlib.util import module_from_spec

from nnasim.errors import NnasimError

HOME = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def claim(*names: str) -> None:
    """Import the packages ``names`` from nnasim's own folder; later imports then find these.

    Raises NnasimError if another module with such a name was imported before.
    """
    for name in names:
        ours = os.path.join(HOME, name, "__init__.py")
        if name not in sys.modules:
            _load(name)
        elif not _is(sys.modules[name].__file__, ours):
            raise NnasimError(
                f"{name} was imported from {sys.modules[name].__file__}, and nnasim has a package of that name: "
                "rename that module, or put it into a package of yours"
            )


def _load(name: str) -> None:
    spec = PathFinder.find_spec(name, [HOME])
    if spec is None or spec.loader is None:
        raise NnasimError(f"{HOME}: has no package {name}, which is a part of nnasim: install nnasim again")
    sys.modules[name] = module = module_from_spec(spec)
    spec.loader.exec_module(module)


def _is(file: str | None, ours: str) -> bool:
    return file is not None and os.path.exists(file) and os.path.samefile(file, ours)
