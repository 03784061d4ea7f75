"""The numpy executor of an OpTrace: it runs the graphs on the real integers, operation by operation.

``executor`` holds all tensors and runs graphs; ``computing`` and ``moving`` say what each kind of operation does with
them; ``decoding`` decodes greedily with this package's own recogniser. Nothing here knows a chip's memory or time.
"""

from nnasim.reference.decoding import decode
from nnasim.reference.executor import Integers, Reference

__all__ = ["Integers", "Reference", "decode"]
