"""Measurements that are kept: run them with ``python -m benchmarks.NAME``."""
