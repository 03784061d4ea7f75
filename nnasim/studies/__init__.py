"""Experiments that answer a question: functions of a typed record, callable from Python."""
