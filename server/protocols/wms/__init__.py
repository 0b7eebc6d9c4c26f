"""WMS 1.1.1 and 1.3.0: a map layer for each service whose definition asks for it.

References
----------
OGC 06-042 (WMS 1.3.0), OGC 01-068r3 (WMS 1.1.1), OGC 05-078r4 (SLD profile of WMS).
"""
