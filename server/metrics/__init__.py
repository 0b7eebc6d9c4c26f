"""What the server counts and how Prometheus reads it: names, counts, gauges, text form."""
