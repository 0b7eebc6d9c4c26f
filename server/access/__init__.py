"""Who asks, and what they may see: accounts, tokens, keys, permissions of services."""
