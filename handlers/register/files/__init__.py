"""Read a report, sign-in export, saved message or list: bytes in, rows or one sentence out. Pure."""
