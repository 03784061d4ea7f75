"""File formats, as JSON schemas of the records that check them."""

from __future__ import annotations

import json
from typing import Any

from docs.making.tables import contents
from nnasim.hardware.schema import preset_schema
from nnasim.ir.result import SimResult
from nnasim.ir.shared import SharedResult
from nnasim.ir.trace import OpTrace
from nnasim.sweeps.spec import SweepSpec
from reports.budget import Budget

FORMATS: dict[str, tuple[str, Any]] = {
    "trace": ("Operations of a recogniser, which a chip runs. [In words](../../traces.md).", OpTrace.model_json_schema),
    "result": ("What a run of one trace on one chip was.", SimResult.model_json_schema),
    "shared-result": ("What a run of several models or streams on one chip was.", SharedResult.model_json_schema),
    "chip": ("A chip, as a YAML file. [Its fields](../chip-fields.md).", preset_schema),
    "sweep": ("A sweep over chips, as a YAML file.", SweepSpec.model_json_schema),
    "budget": ("Limits that a result must keep, as a YAML file.", Budget.model_json_schema),
}


def format_pages() -> dict[str, str]:
    """The list of formats and a page for each, with its JSON schema."""
    listed = "\n".join(f"- [{name}](formats/{name}.md): {about.split(' [')[0]}" for name, (about, _) in FORMATS.items())
    return {
        "formats": f"# File formats\n\n{listed}\n\n{contents(f'formats/{name}' for name in FORMATS)}\n",
        **{f"formats/{name}": _page(name, about, schema()) for name, (about, schema) in FORMATS.items()},
    }


def _page(name: str, about: str, schema: dict[str, Any]) -> str:
    return f"# {name}\n\n{about}\n\n```json\n{json.dumps(schema, indent=1, ensure_ascii=False)}\n```\n"
