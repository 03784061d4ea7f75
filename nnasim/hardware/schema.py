"""The JSON schema of a preset file, for editors that complete and check YAML."""

from __future__ import annotations

from typing import Any

from nnasim.hardware.config import NnaConfig


def preset_schema() -> dict[str, Any]:
    """JSON schema (2020-12) of a preset file: NnaConfig with ``extends``.

    No field is required, since a file may extend another one.
    """
    schema = NnaConfig.model_json_schema()
    for section in (schema, *schema.get("$defs", {}).values()):
        section.pop("required", None)
    named = {"type": "string", "description": "a .yaml file, or an entry point of the group nnasim.energy"}
    schema["properties"]["energy"]["anyOf"].append(named)
    extends = {"type": "string", "description": "a preset's name or a .yaml file whose values this one changes"}
    schema["properties"] = {"extends": extends, **schema["properties"]}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "nnasim preset"}
