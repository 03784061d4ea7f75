"""The streaming latency study: what keeping operations on the accelerator buys, and for whom."""
