"""The subcommands of `swath`, one a file; heavy imports stay inside their functions."""
