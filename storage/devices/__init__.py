"""The register of devices: what an entry is, how it may move, and how it is read and replayed."""
