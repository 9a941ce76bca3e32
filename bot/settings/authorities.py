"""Judges the operator's own certificate authorities before anything speaks TLS with them."""

from pathlib import Path


def unusable_authorities(own: Path) -> str:
    """Return why this file or folder of certificate authorities does not serve; empty where it does."""
    import ssl  # noqa: PLC0415 - only where such a file is named

    mend = "name a PEM file, or a folder, of certificate authorities that this account may read"
    try:
        own.stat()
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(
            *((None, own) if own.is_dir() else (own,))
        )
    except FileNotFoundError:
        return f"names no file; {mend}"
    except (OSError, ValueError):
        return f"cannot be used; {mend}"
    return ""
