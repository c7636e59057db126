"""Keys of the local cluster, made once: authority, API server, tokens, kubeconfigs."""

import base64
import datetime
import ipaddress
import json
import secrets
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from local.addresses import (
    API_SERVICE_ADDRESS,
    API_URL,
    KUBE_CONTEXT,
    LOOPBACK,
    NODE_ADDRESS,
    NODE_NAME,
)
from local.places import Places

VALID_DAYS = 3650
# Kubernetes' own user and group names: its built-in roles are bound to these. The rest have the
# rights that `local/rights.py` gives them.
USERS = {
    "admin": ("admin", "system:masters"),
    "controller-manager": ("system:kube-controller-manager", ""),
    "scheduler": ("system:kube-scheduler", ""),
    "kube-proxy": ("system:kube-proxy", ""),
    "kubelet": (f"system:node:{NODE_NAME}", "system:nodes"),
    "kube-state-metrics": ("kube-state-metrics", ""),
    "monitoring-loader": ("monitoring-loader", ""),
    "prometheus": ("prometheus", ""),
}
SERVER_NAMES = ("localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc",
                "kubernetes.default.svc.cluster.local")  # fmt: skip
SERVER_ADDRESSES = (LOOPBACK, NODE_ADDRESS, API_SERVICE_ADDRESS)


def ensure(places: Places) -> None:
    """Make whatever is missing; what is there stays, so that running parts go on trusting it."""
    folder = places.credentials
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    if not (folder / "complete").exists():
        _make(folder)
        (folder / "complete").touch()
    _tokens(folder)
    for name in USERS:
        write(folder / f"{name}.kubeconfig", kubeconfig(folder, name))
    write(places.kubeconfig, kubeconfig(folder, "admin"))


def kubeconfig(folder: Path, name: str) -> str:
    """Return a kubeconfig (JSON, which is YAML) with the token of `name`."""
    authority = base64.b64encode((folder / "ca.crt").read_bytes()).decode()
    token = (folder / f"{name}.token").read_text().strip()
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": KUBE_CONTEXT,
            "clusters": [
                {
                    "name": KUBE_CONTEXT,
                    "cluster": {"server": API_URL, "certificate-authority-data": authority},
                }
            ],
            "users": [{"name": name, "user": {"token": token}}],
            "contexts": [
                {"name": KUBE_CONTEXT, "context": {"cluster": KUBE_CONTEXT, "user": name}}
            ],
        },
        indent=2,
    )


def write(path: Path, text: str) -> None:
    """Write a file that only its owner may read, in one step, and only if it changes."""
    if path.exists() and path.read_text() == text:
        return
    fresh = path.with_name(path.name + ".new")
    fresh.touch(mode=0o600)
    fresh.write_text(text)
    fresh.replace(path)


def _make(folder: Path) -> None:
    authority_key = _key(folder / "ca.key")
    authority = _certificate("legal-ai-local", authority_key, None, None)
    _store(folder / "ca.crt", authority)
    server_key = _key(folder / "apiserver.key")
    server = _certificate("kube-apiserver", server_key, authority, authority_key, server=True)
    _store(folder / "apiserver.crt", server)
    client_key = _key(folder / "apiserver-kubelet.key")
    client = _certificate(
        "kube-apiserver", client_key, authority, authority_key, organization="system:masters"
    )
    _store(folder / "apiserver-kubelet.crt", client)
    _key(folder / "service-accounts.key")


def _tokens(folder: Path) -> None:
    """Make the tokens of users that have none yet, and the API server's list of all of them."""
    rows = []
    for name, (user, group) in USERS.items():
        path = folder / f"{name}.token"
        if not path.exists():
            write(path, secrets.token_hex(24))
        rows.append(f'{path.read_text().strip()},{user},{name},"{group}"')
    write(folder / "tokens.csv", "\n".join(rows) + "\n")


def _key(path: Path) -> rsa.RSAPrivateKey:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    text = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    write(path, text.decode())
    return key


def _certificate(
    name: str,
    key: rsa.RSAPrivateKey,
    issuer: x509.Certificate | None,
    issuer_key: rsa.RSAPrivateKey | None,
    *,
    organization: str = "",
    server: bool = False,
) -> x509.Certificate:
    """Make a certificate for `name`; without an issuer it signs itself and is an authority."""
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, name)]
    if organization:
        attributes.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
    subject = x509.Name(attributes)
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=VALID_DAYS))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    )
    if issuer is not None:
        usage = ExtendedKeyUsageOID.SERVER_AUTH if server else ExtendedKeyUsageOID.CLIENT_AUTH
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    if server:
        names: list[x509.GeneralName] = [x509.DNSName(dns) for dns in SERVER_NAMES]
        names += [x509.IPAddress(ipaddress.ip_address(ip)) for ip in SERVER_ADDRESSES]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(issuer_key or key, hashes.SHA256())


def _store(path: Path, certificate: x509.Certificate) -> None:
    write(path, certificate.public_bytes(serialization.Encoding.PEM).decode())
