"""The server: HTTP, protocols, instances and the command line; never a pixel value."""
