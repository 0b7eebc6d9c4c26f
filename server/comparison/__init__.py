"""The same views from two services, and how they differ: how a migration is proven."""
