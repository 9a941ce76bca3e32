"""Find out which TLS versions an endpoint takes, by one handshake each, without credential or mail."""
