"""The key that signs a home's pictures: made at the first use, replaced, or the user's own.

One file, `HOME/keys/signing.pem`, holds the private key and its certificates, so that a kill
leaves the old pair or the new one. The chain follows the C2PA certificate profile: an end entity
for signatures under a root of its own whose key is thrown away. Nobody trusts that root: readers
say `signingCredential.untrusted`, as for every signer who is on no trust list.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from pidiff_cli.errors import InputError
from pidiff_cli.files import make_folder, write_file

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509 import Certificate, Name

KEY_FILE = "signing.pem"
LOCK, WAIT = ".lock", 10.0  # seconds until another process has made the key
CERTIFICATE, PRIVATE = "PIDIFF_CERTIFICATE", "PIDIFF_CERTIFICATE_KEY"  # of the environment
ORGANISATION = "pidiff (a key of this home)"
YEARS = 50  # nothing dates a signature, so a picture can be checked as long as its certificate is
_CURVES = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}


@dataclass(frozen=True)
class Credential:
    """What signs: PEM texts.

    Attributes:
        private: PKCS 8, not encrypted. chain: certificates, the signer's first.
        algorithm: as C2PA names it: es256, es384, es512, ed25519 or ps256.
        origin: "home", "own" (`keys use`), "environment", or "passing" (kept nowhere).
    """

    private: bytes
    chain: bytes
    algorithm: str
    origin: str

    @property
    def certificates(self) -> list[Certificate]:
        """The chain, read."""
        from cryptography import x509

        return x509.load_pem_x509_certificates(self.chain)

    @property
    def fingerprint(self) -> str:
        """sha256 of the signer's certificate, hex."""
        from cryptography.hazmat.primitives import hashes

        return self.certificates[0].fingerprint(hashes.SHA256()).hex()

    @property
    def serial(self) -> str:
        """The signer's serial number, decimal, as the manifests' readers tell it."""
        return str(self.certificates[0].serial_number)


def credential(home: Path) -> Credential:
    """What this home signs with: of the environment, else its key file, which is made if missing.

    Where the home takes no file the key is a passing one; see ``origin``.

    Raises:
        InputError: what the environment or the key file holds is no key with its certificate.
    """
    if found := known_credential(home):
        return found
    try:
        return _made(home, replace=False)
    except InputError:
        return new_credential("passing")


def known_credential(home: Path) -> Credential | None:
    """As `credential`, but nothing is made. Raises InputError likewise."""
    chain, private = os.environ.get(CERTIFICATE, ""), os.environ.get(PRIVATE, "")
    if chain or private:
        if not (chain and private):
            raise InputError(
                f"Only one of {CERTIFICATE} and {PRIVATE} is set.",
                "Set both to PEM files: the certificates, the signer's first, and its private key.",
            )
        return read_credential(Path(chain), Path(private), "environment")
    path = home / "keys" / KEY_FILE
    return read_credential(path, path, "") if path.is_file() else None


def new_key(home: Path) -> Credential:
    """Make another key in place of the one that is there. Raises InputError: no room for it."""
    return _made(home, replace=True)


def use_key(home: Path, chain: Path, private: Path) -> Credential:
    """Copy a user's certificates and private key into the home, to sign with from now on.

    Raises:
        InputError: they do not belong together, or cannot be kept.
    """
    given = read_credential(chain, private, "own")
    with _locked(home):
        _keep(home, given)
    return given


def _made(home: Path, replace: bool) -> Credential:
    with _locked(home):
        path = home / "keys" / KEY_FILE
        if path.is_file() and not replace:  # another process was first
            return read_credential(path, path, "")
        made = new_credential("home")
        _keep(home, made)
        return made


@contextmanager
def _locked(home: Path) -> Iterator[None]:
    """One process at a time makes or replaces a key. Raises InputError: no place for it."""
    from filelock import FileLock, Timeout

    from pidiff_cli.files import explain

    folder = home / "keys"
    lock = FileLock(folder / LOCK, timeout=WAIT, mode=0o600)
    try:
        make_folder(folder)
        lock.acquire()
    except Timeout as error:
        raise InputError(
            "Another pidiff is making a key.", "Wait for it, then run this again."
        ) from error
    except OSError as error:
        raise explain(error, folder) from error
    try:
        yield
    finally:
        lock.release()


def _keep(home: Path, made: Credential) -> None:
    write_file(home / "keys" / KEY_FILE, made.private + made.chain)


def read_credential(chain: Path, private: Path, origin: str) -> Credential:
    """A private key and its certificates from PEM files, which may be one file.

    Args:
        origin: see `Credential`; "" tells a home's own key from a user's by its issuer.

    Raises:
        InputError: not readable, of an unknown kind, encrypted, or they do not belong together.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization as pem

    try:
        certificates = x509.load_pem_x509_certificates(chain.read_bytes())
        key = pem.load_pem_private_key(private.read_bytes(), password=None)
    except OSError as error:
        raise InputError(f"{error.filename}: {error.strerror or error}.") from error
    except (ValueError, TypeError) as error:
        encrypted = "encrypted" in str(error)
        told = "is encrypted; a key without a passphrase" if encrypted else "holds no key that"
        raise InputError(
            f"{private} {told} is needed."
            if encrypted
            else f"{private} or {chain} is no PEM file of a private key and its certificates.",
            "Make a key of the home's own: pidiff keys new",
        ) from error
    public, form = pem.Encoding.PEM, pem.PublicFormat.SubjectPublicKeyInfo
    if certificates[0].public_key().public_bytes(public, form) != key.public_key().public_bytes(
        public, form
    ):
        raise InputError(
            f"The first certificate of {chain} is not that of the key in {private}.",
            "The signer's certificate comes first, then the one that signed it.",
        )
    own = certificates[0].issuer.rfc4514_string().endswith(f"O={ORGANISATION}")
    return Credential(
        key.private_bytes(public, pem.PrivateFormat.PKCS8, pem.NoEncryption()),
        b"".join(one.public_bytes(public) for one in certificates),
        _algorithm(key, private),
        origin or ("home" if own else "own"),
    )


def _algorithm(key: object, path: Path) -> str:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in _CURVES:
        return _CURVES[key.curve.name]
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return "ed25519"
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size >= 2048:
        return "ps256"
    raise InputError(
        f"The key in {path} is of a kind that C2PA does not take.",
        "EC on P-256, P-384 or P-521, Ed25519, or RSA of 2048 bits and more.",
    )


def new_credential(origin: str) -> Credential:
    """A new ES256 key; its certificates tell nobody's name and no machine's."""
    from cryptography.hazmat.primitives import serialization as pem
    from cryptography.hazmat.primitives.asymmetric import ec

    root, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    mark = secrets.token_hex(4)
    chain = [_certificate(f"key {mark}", f"root {mark}", key, root, authority=False)]
    chain.append(_certificate(f"root {mark}", f"root {mark}", root, root, authority=True))
    return Credential(
        key.private_bytes(pem.Encoding.PEM, pem.PrivateFormat.PKCS8, pem.NoEncryption()),
        b"".join(one.public_bytes(pem.Encoding.PEM) for one in chain),
        "es256",
        origin,
    )


def _certificate(
    subject: str, issuer: str, key: ec.EllipticCurvePrivateKey, by: ec.EllipticCurvePrivateKey,
    authority: bool,
) -> Certificate:  # fmt: skip
    """One certificate as the C2PA profile asks for it (C2PA 2.2, 14.5)."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import ExtendedKeyUsageOID

    now, public = datetime.now(UTC), key.public_key()
    use = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
         "encipher_only", "decipher_only"), False,
    )  # fmt: skip
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))  # clocks differ
        .not_valid_after(now + timedelta(days=365 * YEARS))
        .add_extension(x509.BasicConstraints(authority, 0 if authority else None), True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=not authority, key_cert_sign=authority, crl_sign=authority, **use
            ),
            True,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), False)
    )
    if not authority:
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
        builder = builder.add_extension(usage, False)
    return builder.sign(by, hashes.SHA256())


def _name(text: str) -> Name:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANISATION),
            x509.NameAttribute(NameOID.COMMON_NAME, text),
        ]
    )
