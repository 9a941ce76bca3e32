"""Which TLS versions an endpoint takes: one handshake a version, no credential, no mail, and no judgement of certificates."""
