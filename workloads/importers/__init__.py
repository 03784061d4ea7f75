"""Readers of other people's descriptions of work: models in ONNX, TFLite and torch, lists of layers, and tables of
measured cycles.

An importer turns a foreign file into our records, or refuses it with file, line and column. It computes no cycles.
"""
