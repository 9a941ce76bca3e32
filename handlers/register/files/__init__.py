"""Reading a report, a sign-in export, a saved message or a list of devices, purely: bytes in, rows or one sentence out."""
