"""Statistics, latency and energy from the records of a run, and an independent closed-form bound."""

from nnasim.analysis.percentiles import percentile, percentiles

__all__ = ["percentile", "percentiles"]
