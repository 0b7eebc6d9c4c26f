"""Side-by-side measurements of this server and its peers; nothing here is installed."""
