"""Integers from a calibration's measurements: values that share a format, their steps, weights, tables and rows."""
