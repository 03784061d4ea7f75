"""The Python face, from its docstrings."""

from __future__ import annotations

import inspect

import nnasim

RETURNED = {  # what the verbs return
    "nnasim.front.results": ("Result",),
    "nnasim.front.comparing": ("Comparison",),
    "nnasim.front.speech": ("Recogniser", "Decoding"),
    "nnasim.front.sweeping": ("Sweep",),
}


def python_page() -> str:
    """A page of autodoc directives: every name that ``import nnasim`` offers, then what they return."""
    verbs = [name for name in nnasim.__all__ if name != "__version__"]
    parts = ["# Python", "`import nnasim` loads neither numpy nor torch; each name is imported when it is first used."]
    for name in verbs:
        value = getattr(nnasim, name)
        kind = "autoexception" if inspect.isclass(value) and issubclass(value, Exception) else "autofunction"
        home = value.__module__
        parts.append(
            f"```{{eval-rst}}\n.. {kind}:: {home}.{value.__name__}\n```"
            if kind == "autoexception"
            else _verb(name, home)
        )
    return "\n\n".join(parts) + "\n"


def _verb(name: str, home: str) -> str:
    return f"## nnasim.{name}\n\n```{{eval-rst}}\n.. autofunction:: {home}.{name}\n```"
