"""Experiments that answer a question: functions of a typed record, callable from Python."""

from nnasim.own_packages import claim

claim("workloads", "aat_training", "reports")
