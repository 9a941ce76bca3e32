"""Send what is owed, and keep every copy of a request's message true. Nothing here decides."""
