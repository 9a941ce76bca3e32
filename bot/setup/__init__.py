"""``legacytls init``: asks for the settings, proves each answer at once, and writes ``.env``."""
