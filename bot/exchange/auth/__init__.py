"""Signing in to Entra: credentials, keys and tokens. No token leaves for another host than Exchange's."""
