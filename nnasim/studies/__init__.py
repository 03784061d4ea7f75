"""Experiments that answer a question: functions of a typed record, callable from Python.

What every system gets wrong and how long the user waits: ``comparison.compared(Inputs(...), systems)``.
Streaming latency, part by part: ``latency.study.latency_study(StudyInputs(speech=Speech(...)))``.
What training for a chip wins back: ``training.study.training_study(NumericsStudy(...))``.
How fast this package is: ``speed.study.speed(SpeedInputs())``.
Every point of a sweep file, or the best of them: ``sweep.swept(sweep.prepared(path), store, backend)``,
``search.searched(sweep.prepared(path), store, backend)``.

Each takes ``progress=``, which is told how far it is (``nnasim.progress.Progress``), and the constants of the
experiment as fields with defaults. A record's ``command`` is only what the report says repeats it.
"""

from nnasim.own_packages import claim

claim("workloads", "aat_training", "reports")
