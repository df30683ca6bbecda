"""The garbage collector of a process that runs for a long time."""

import gc


def freeze_startup_objects() -> None:
    """Leave what start-up made out of every later collection, and collect less often (decision 0019)."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(2_000, 10, 10)
