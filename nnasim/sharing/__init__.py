"""Several models and streams on one chip: whose call is next, what that costs, and how late each is.

A policy decides call by call. A call of a graph holds the chip until it ends, and the CPU until its work there is done.
So no command is interrupted, and a model that waits holds no weight buffer that another one waits for. ``streams`` lays
audio out in time; ``order`` holds the policies; ``serving`` runs call after call; ``run`` puts the record together;
``search`` finds how many streams a chip serves in time.
"""
