"""Records -> statistics, latency, energy; and an independent closed-form bound."""

from nnasim.analysis.percentiles import percentile, percentiles

__all__ = ["percentile", "percentiles"]
