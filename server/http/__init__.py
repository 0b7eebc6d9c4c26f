"""The door to the network: connections, headers, caching, compression, and the short way of tiles."""
