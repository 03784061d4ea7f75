"""The Python interface: the functions that ``import nnasim`` offers. Each file holds one function and the object that
it returns.

Nothing is computed here. A function checks its arguments, calls the part of the package that does the work, and wraps
the result in an object with a short ``repr``, a picture for notebooks and DataFrames.
"""

from nnasim.own_packages import claim

claim("workloads", "aat_training", "reports")
