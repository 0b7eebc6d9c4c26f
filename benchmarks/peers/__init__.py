"""The servers that are measured, one a file, all behind `benchmarks.peers.base.Peer`."""
