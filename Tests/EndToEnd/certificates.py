"""Certificates for servers on 127.0.0.1, made afresh so that none expires in the repository."""

import datetime
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


class Certificates:
    """A certificate authority in `authority`, and what it signs as pairs of PEM files (certificate, key)."""

    def __init__(self, folder):
        self.folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Test authority")])
        self.authority = folder / "authority.pem"
        self.authority.write_bytes(self._sign(self._name, self._key, self._name, self._key, 1, authority=True))

    def _sign(self, subject, key, issuer, issuer_key, days, authority=False, address="127.0.0.1"):
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = (
            x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=30))
            .not_valid_after(now + datetime.timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()),
                           critical=False))
        if not authority:
            names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
            builder = builder.add_extension(names, critical=False)
        return builder.sign(issuer_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def _pair(self, name, days=1, own=False, address="127.0.0.1"):
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        issuer, issuer_key = (subject, key) if own else (self._name, self._key)
        certificate, private = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        certificate.write_bytes(self._sign(subject, key, issuer, issuer_key, days, address=address))
        private.write_bytes(key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        return certificate, private

    def good(self):
        """Valid for those who trust `authority`."""
        return self._pair("good")

    def expired(self):
        """Signed by `authority`, and over since yesterday."""
        return self._pair("expired", days=-1)

    def self_signed(self):
        """Signed by nobody but itself."""
        return self._pair("self-signed", own=True)

    def other_host(self):
        """Signed by `authority` for another address (RFC 5737)."""
        return self._pair("other-host", address="192.0.2.1")
