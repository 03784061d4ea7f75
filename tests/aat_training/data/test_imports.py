"""Bad files are refused before torch is loaded: it costs seconds and 500 MB."""

import subprocess
import sys


def test_reading_manifests_audio_and_cepstra_needs_no_torch():
    script = (
        "import sys\n"
        "import aat_training.data.an4, aat_training.data.librispeech, aat_training.data.fsdd\n"
        "import aat_training.data.imported, aat_training.data.notes\n"
        "assert 'torch' not in sys.modules and 'torchaudio' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
