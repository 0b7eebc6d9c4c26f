"""What an operator writes: process settings and service definitions, read once at start."""
