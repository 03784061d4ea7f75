"""From what calibration measured to integers: which values share a format, their steps, weights, tables and rows."""
