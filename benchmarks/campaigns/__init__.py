"""Faults and floods on purpose, one module a campaign; `python -m benchmarks.campaign` runs them."""
