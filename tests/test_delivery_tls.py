import base64
import os
from unittest.mock import patch

from odoo.tests import tagged

from .certificate import certificate, certificate_of_both, key_and_certificate, trusted
from .common import DeliveryCase
from .peer import Peer


@tagged("post_install", "-at_install")
class TestTls(DeliveryCase):
    """Mail servers that are reached by TLS, as Odoo opens them: with Python's sockets, or those of pyOpenSSL."""

    def use(self, tls, at_once, **values):
        """Let the mail server be one that wants TLS."""
        peer = Peer(tls=tls, at_once=at_once)
        peer.start()
        self.addCleanup(peer.stop)
        encryption = "ssl" if at_once else "starttls"
        self.mail_server.write({"smtp_port": peer.address[1], "smtp_encryption": encryption, **values})
        return peer

    def check(self, peer):
        """Send to five over `peer`, which refuses one of them."""
        mailing = self.launch()
        peer.script = {"person1@good.example": "550 5.7.1 message refused by policy"}
        self.send()
        self.assertEqual((mailing.state, mailing.sent_count, mailing.failed_count), ("done", 4, 1), mailing.trouble)
        self.assertEqual(len(peer.mails), 4)
        self.assertFalse(self.peer.mails, "nothing goes out without TLS")

    def test_tls(self):
        server, _client = certificate()
        for at_once in (False, True):
            with self.subTest(at_once=at_once):
                self.check(self.use(server, at_once))

    def test_a_certificate_of_the_client(self):
        pair = key_and_certificate("crm.example")
        server, _client = certificate_of_both(*pair)
        for at_once in (False, True):
            with self.subTest(at_once=at_once):
                self.check(self.use(server, at_once, **self.showing(*pair)))

    def test_a_certificate_that_is_not_known_there(self):
        server, _client = certificate_of_both(*key_and_certificate("crm.example"))
        other = self.showing(*key_and_certificate("mallory.example"))
        for at_once in (False, True):
            with self.subTest(at_once=at_once):
                peer, mailing = self.use(server, at_once, **other), self.launched()
                self.assertRefused(mailing, "Connection unexpectedly closed; it may not accept the certificate")
                self.assertFalse(peer.mails)

    def test_a_server_that_nobody_vouches_for(self):
        server, _client = certificate()
        self.check_strict(server, "certificate verify failed")

    def test_a_server_of_another_name(self):
        """Odoo's check says so by what is no error of the system."""
        with (
            trusted(*key_and_certificate("another.example")) as (server, path),
            patch.dict(os.environ, {"SSL_CERT_FILE": str(path)}),
        ):
            self.check_strict(server, "no appropriate subjectAltName")

    def check_strict(self, server, why):
        """Refuse `server`, as who it is has to be proven."""
        shown = self.showing(*key_and_certificate("crm.example"))
        for at_once in (False, True):
            with self.subTest(at_once=at_once):
                peer = self.use(server, at_once, **shown)
                self.mail_server.smtp_encryption += "_strict"
                self.assertRefused(self.launched(), why)
                self.assertFalse(peer.mails)

    def showing(self, key, shown):
        """Give the values of a mail server to which Odoo shows a certificate."""
        return {
            "smtp_authentication": "certificate",
            "smtp_ssl_certificate": base64.b64encode(shown),
            "smtp_ssl_private_key": base64.b64encode(key),
        }

    def launched(self):
        """Give a mass email that was launched while all was well."""
        used = self.mail_server.read(["smtp_port", "smtp_encryption", "smtp_authentication"])[0]
        self.mail_server.write(
            {"smtp_port": self.peer.address[1], "smtp_authentication": "login", "smtp_encryption": "none"}
        )
        mailing = self.launch()
        self.mail_server.write(used)
        return mailing

    def assertRefused(self, mailing, why):
        self.send()
        self.assertIn(why, mailing.trouble)
        self.assertIn("The mail server “Peer”", mailing.trouble, "explained, not stumbled over")
        self.assertEqual((mailing.remaining_count, mailing.sent_count), (5, 0))
