"""Load on a server, for `swath bench` and the benchmarks."""
