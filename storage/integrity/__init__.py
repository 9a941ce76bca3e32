"""Which rows and events are believed: canonical text, keys, authenticators, and the comparison of rows with the record."""
