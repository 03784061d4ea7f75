"""The front door: what ``import nnasim`` offers. Each file is one verb, and the object that it gives back.

Nothing is computed here: a verb checks its arguments, calls the part of the package that does the work, and wraps what
comes back in an object with a short ``repr``, a picture for notebooks and DataFrames.
"""

from nnasim.own_packages import claim

claim("workloads", "aat_training", "reports")
