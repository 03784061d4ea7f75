"""The scripts of a page, and the policy that lets them run and nothing else: no other script, no network."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from functools import cache
from hashlib import sha256
from importlib.resources import files

# Vega-Lite and DataTables: vendored/LICENSES.txt
_VEGA = {"vega-lite": "vendored/charts.min.js"}
_ALWAYS = {"datatables": "vendored/tables.min.js", "page": "templates/page.js", "save": "templates/save.js"}


@cache
def script(name: str) -> str:
    """The text of a script of this package."""
    return (files("reports") / name).read_text(encoding="utf-8")


def scripts(*, charts: bool) -> dict[str, str]:
    """The texts of a page's scripts by name, in order; Vega only if there are charts."""
    return {name: script(path) for name, path in ({**_VEGA, **_ALWAYS} if charts else _ALWAYS).items()}


def policy(texts: Iterable[str]) -> str:
    """The Content-Security-Policy of a page that runs ``texts``.

    Styles stand in attributes of the pictures, and bitmaps in their addresses; neither can reach the network.
    """
    allowed = " ".join(f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" for text in texts)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data:; connect-src 'none'; "
        "base-uri 'none'; form-action 'none'"
    )
