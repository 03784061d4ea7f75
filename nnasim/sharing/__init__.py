"""Several models and streams on one chip: whose call is next, what that costs, and how late each is.

A call of a graph is what a policy decides about: it holds the chip, and the CPU that drives it, until it ends, so that
no command is ever interrupted, and a model that waits holds no weight buffer that another one waits for. ``streams``
lays audio out in time; ``order`` says who is next; ``serving`` runs call after call; ``run`` puts the record together;
``search`` asks how many streams a chip serves in time.
"""
