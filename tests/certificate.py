"""TLS for a peer on loopback, with certificates that are made on the spot."""

import ssl
import tempfile
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from urllib3.contrib.pyopenssl import PyOpenSSLContext


def certificate():
    """Give (server's, client's) TLS context for 127.0.0.1."""
    with trusted(*key_and_certificate("peer")) as (server, path):
        client = ssl.create_default_context(cafile=path)
        client.check_hostname = False
    return server, client


@contextmanager
def trusted(key, shown):
    """Give (a server's TLS context, the file to trust in order to trust that server)."""
    with _file(key, shown) as path:
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.load_cert_chain(path)
        yield server, path


def certificate_of_both(key, shown):
    """Give (server's, client's) TLS context, where the server wants a certificate from the client, too.

    :param key: PEM of the client's private key
    :param shown: PEM of the certificate that belongs to it
    """
    server, _client = certificate()
    server.load_verify_locations(cadata=shown.decode())
    server.verify_mode = ssl.CERT_REQUIRED
    # As Odoo makes it: the sockets of this kind of context are others than those of Python.
    client = PyOpenSSLContext(ssl.PROTOCOL_TLS)
    client.verify_mode = ssl.CERT_NONE
    with _file(key, shown) as path:
        client.load_cert_chain(path)
    return server, client


def key_and_certificate(name):
    """Give PEM of (a private key, a certificate for it, signed by itself)."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime(2020, 1, 1)
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number(), now)
        .not_valid_after(now + timedelta(days=36500))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return secret, made.public_bytes(pem)


@contextmanager
def _file(key, shown):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "peer.pem"
        path.write_bytes(key + shown)
        yield path
