"""A certificate of the test's own for this machine; its authority signs nothing else."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from engines.ports import LOOPBACK

VALID = timedelta(days=1)


class Certificate(NamedTuple):
    """PEM files: what clients trust, and what a broker shows and keeps to itself."""

    authority: Path
    keystore: Path


def certified(folder: Path) -> Certificate:
    """Make an authority, and have it sign a certificate for loopback."""
    root, leaf = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    signer = _built("the tests' authority", root, root, authority=True)
    shown = _built(LOOPBACK, leaf, root, authority=False)
    kept = leaf.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    made = Certificate(folder / "authority.pem", folder / "keystore.pem")
    made.authority.write_bytes(signer.public_bytes(Encoding.PEM))
    made.keystore.write_bytes(kept + shown.public_bytes(Encoding.PEM))
    return made


def _built(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    *,
    authority: bool,
) -> x509.Certificate:
    subject, issuer = (
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, said)])
        for said in (name, "the tests' authority")
    )
    now = datetime.now(UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address(LOOPBACK))])
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - VALID)
        .not_valid_after(now + VALID)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(address, critical=False)
        .sign(signer, SHA256())
    )
