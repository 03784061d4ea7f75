"""The command line: one file per command, which parses its options, calls a study or the pipeline, and prints.

`main` knows the commands by name only and imports the one that was asked for. No command imports another; what several
share (`options`, `inputs`, `progress`) is in files that are not commands. Options are known here and nowhere below.
"""

from nnasim.own_packages import claim

claim("workloads", "aat_training", "reports")
