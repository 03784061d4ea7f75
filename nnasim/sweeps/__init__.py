"""Many hypothetical chips: sweeps, their points, a store that survives, local and distributed runs, search."""

from nnasim.own_packages import claim

claim("workloads")
