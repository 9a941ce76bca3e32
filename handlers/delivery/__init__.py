"""Sending what is owed, and keeping every copy of a request's message true. Nothing here decides."""
