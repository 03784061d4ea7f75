"""Readers of work that others describe: so far tables of cycles that were measured elsewhere (`nnasim validate`).

An importer turns a foreign file into records of ours, or refuses it with file, line and column. It computes no cycles.
"""
