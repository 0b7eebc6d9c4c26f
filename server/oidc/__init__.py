"""Signing in with a browser through an identity provider (OpenID Connect), where one is configured."""
