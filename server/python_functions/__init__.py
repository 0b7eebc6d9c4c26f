"""Registered raster functions in Python: the files in the data folder, and the processes that run them.

    store.py manifest.py    registration, as files; `swath function`
    known.py arguments.py   what the front knows of them and checks: names and parameters, never code
    worker.py               the process in which one function's code runs
    workers.py channel.py   an instance's end of it: time and memory limits

Rule: a user's code is imported in `worker.py`'s process alone.
"""
