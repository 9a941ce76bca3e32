"""A time-stamping authority on a real socket of this machine: the openssl program answers, unless it is told
to misbehave."""

import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self

_CONFIG = """[tsa]
default_tsa = t
[t]
serial = ./serial
signer_cert = ./tsa.pem
{certs}
signer_key = ./tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
accuracy = secs:1
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""
_EXTENSIONS = """extendedKeyUsage=critical,timeStamping
keyUsage=critical,digitalSignature
basicConstraints=critical,CA:false
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid
"""


class Authority:
    """Use as a context manager. ``behaviour``: well, leaf (without its chain), slow, other, garbage, 500."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.behaviour = "well"
        self.asked = 0
        self._make()
        ours = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                status, body = ours.answer(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(status)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/tsa"

    def __enter__(self) -> Self:
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        ).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, query: bytes) -> tuple[int, bytes]:
        self.asked += 1
        if self.behaviour == "500":
            return 500, b""
        if self.behaviour == "garbage":
            return 200, b"\x30\x03\x02\x01\x00"
        if self.behaviour == "slow":
            time.sleep(3)
        if self.behaviour == "other":
            self._run("ts", "-query", "-data", "tsa.pem", "-sha256", "-cert", "-out", "query")
        else:
            (self.folder / "query").write_bytes(query)
        config = "leaf.cnf" if self.behaviour == "leaf" else "tsa.cnf"
        self._run("ts", "-reply", "-queryfile", "query", "-config", config, "-out", "reply")
        return 200, (self.folder / "reply").read_bytes()

    def verifies(self, data: Path, token: Path) -> bool:
        """Whether the openssl program agrees."""
        asked = [
            "openssl",
            "ts",
            "-verify",
            "-data",
            str(data),
            "-in",
            str(token),
            "-CAfile",
            "ca.pem",
            "-untrusted",
            "tsa.pem",
        ]
        done = subprocess.run(asked, cwd=self.folder, capture_output=True, text=True, check=False)
        return done.returncode == 0 and "Verification: OK" in done.stdout + done.stderr

    def _make(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        ca = ("-addext", "basicConstraints=critical,CA:true", "-addext", "keyUsage=critical,keyCertSign")
        new = ("-newkey", "rsa:2048", "-nodes")
        self._run(
            "req",
            "-x509",
            *new,
            "-keyout",
            "ca.key",
            "-out",
            "ca.pem",
            "-days",
            "30",
            "-subj",
            "/CN=Contoso Root",
            *ca,
        )
        self._run("req", *new, "-keyout", "tsa.key", "-out", "tsa.csr", "-subj", "/CN=Contoso Time")
        (self.folder / "ext").write_text(_EXTENSIONS)
        signed = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "30", "-extfile", "ext")
        self._run("x509", "-req", "-in", "tsa.csr", "-out", "tsa.pem", *signed)
        (self.folder / "tsa.cnf").write_text(_CONFIG.format(certs="certs = ./ca.pem"))
        (self.folder / "leaf.cnf").write_text(_CONFIG.format(certs=""))
        (self.folder / "serial").write_text("01\n")

    def _run(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=self.folder, capture_output=True, check=True)
