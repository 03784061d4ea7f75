"""Records -> statistics, latency, energy; and an independent closed-form bound."""

from nnasim.analysis.latency import percentile, percentiles

__all__ = ["percentile", "percentiles"]
