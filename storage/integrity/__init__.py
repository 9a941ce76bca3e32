"""Judge which rows and events are believed: canonical text, keys, authenticators, record."""
