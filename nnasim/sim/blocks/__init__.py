"""The blocks of the chip, one file and one class each, whose `run()` is a SimPy process.

Each docstring has three headings: Timing law, Ports, Not modelled. The last are collected into every report. Blocks
record their own spans with the probe; what they were busy with is counted afterwards, in `nnasim.analysis`.
"""
