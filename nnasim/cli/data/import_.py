"""`nnasim data import`: a manifest from another tool's description of speech."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nnasim import files
from nnasim.cli.data.options import OutManifest
from nnasim.cli.data.written import refuse_read, tell_entries
from nnasim.cli.options import Force, Quiet
from nnasim.cli.progress import with_progress


def command(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="SOURCE", help="a NeMo manifest, Lhotse cuts (.jsonl, .jsonl.gz), a Kaldi data folder, a CSV or TSV"
        ),
    ],
    out: OutManifest,
    quiet: Quiet = False,
    force: Force = False,
) -> None:
    """Write another tool's description of speech as a manifest; the audio stays where it is.

    Example: nnasim data import cuts.jsonl.gz --out speech.jsonl
    """
    from aat_training.data.check import check_files
    from aat_training.data.imported import imported
    from aat_training.data.manifest import write_manifest
    from aat_training.data.notes import manifest_notes
    from nnasim.cli.notes import tell

    files.refuse_existing_file(out, force)
    refuse_read(out, [source, *(source / name for name in ("wav.scp", "text", "segments", "utt2spk"))], force)
    entries = list(with_progress(imported(source), "utterances"))
    check_files(entries)
    refuse_read(out, [entry.path for entry in entries], force)
    tell(manifest_notes(entries))
    write_manifest(out, entries, force=force)
    tell_entries(out, entries, quiet=quiet)
