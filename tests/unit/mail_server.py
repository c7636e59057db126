"""A mail server on loopback that speaks as much SMTP as sending a mail takes, with STARTTLS."""

from __future__ import annotations

import base64
import datetime
import ipaddress
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class Mailbox:
    """What the server was given. `logins` are user and password, `clear` what came before TLS."""

    port: int = 0
    refuses: frozenset[str] = frozenset()
    offers_tls: bool = True
    logins: list[tuple[str, str]] = field(default_factory=list)
    mails: list[str] = field(default_factory=list)
    clear: list[str] = field(default_factory=list)


@contextmanager
def mail_server(folder: Path) -> Iterator[Mailbox]:
    """A server that listens until the block ends; `folder/certificate.pem` is its certificate."""
    mailbox, context = Mailbox(), _context(folder)

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            _Session(self.request, mailbox, context).run()

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        mailbox.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield mailbox
        finally:
            server.shutdown()


class _Session:
    def __init__(self, link: socket.socket, mailbox: Mailbox, context: ssl.SSLContext) -> None:
        self._link, self._mailbox, self._context = link, mailbox, context
        self._file = cast("BinaryIO", link.makefile("rb"))
        self._is_secure = False

    def run(self) -> None:
        self._say("220 ready")
        while line := self._file.readline().decode().strip():
            if not self._is_secure:
                self._mailbox.clear.append(line)
            verb = line.split(":")[0].split()[0].upper()
            if verb == "QUIT":
                self._say("221 bye")
                return
            self._answer(verb, line)

    def _answer(self, verb: str, line: str) -> None:
        if verb == "EHLO":
            more = "250-STARTTLS\r\n" if self._mailbox.offers_tls and not self._is_secure else ""
            self._say(f"250-here\r\n{more}250 AUTH PLAIN")
        elif verb == "STARTTLS":
            self._say("220 go on")
            self._link = self._context.wrap_socket(self._link, server_side=True)
            self._file, self._is_secure = cast("BinaryIO", self._link.makefile("rb")), True
        elif verb == "AUTH":
            _, user, password = base64.b64decode(line.split()[2]).decode().split("\0")
            self._mailbox.logins.append((user, password))
            self._say("235 welcome")
        elif verb == "RCPT":
            address = line.partition("<")[2].partition(">")[0]
            self._say("550 no such user" if address in self._mailbox.refuses else "250 fine")
        elif verb == "DATA":
            self._say("354 go on")
            lines = []
            while (part := self._file.readline().decode()) != ".\r\n":
                lines.append(part)
            self._mailbox.mails.append("".join(lines))
            self._say("250 taken")
        else:
            self._say("250 fine")

    def _say(self, text: str) -> None:
        self._link.sendall(f"{text}\r\n".encode())


def _context(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName(
                [
                    x509.DNSName("localhost"),
                    x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
                ]
            ),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return context
