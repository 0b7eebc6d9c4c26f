"""Protocols: each parses its requests into the shared `Request` and words its own answers."""
