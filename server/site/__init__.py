"""The data folder of a site: what is published in it, said of it, and connected to it."""
