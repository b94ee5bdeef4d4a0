import base64

from odoo.tests import tagged
from odoo.tools import mute_logger

from .certificate import certificate, certificate_of_both, signed
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
        key, known = signed("crm.example")
        server, _client = certificate_of_both(key, known)
        shown = {
            "smtp_authentication": "certificate",
            "smtp_ssl_certificate": base64.b64encode(known),
            "smtp_ssl_private_key": base64.b64encode(key),
        }
        for at_once in (False, True):
            with self.subTest(at_once=at_once):
                self.check(self.use(server, at_once, **shown))

    def test_a_certificate_that_is_not_known_there(self):
        server, _client = certificate_of_both(*signed("crm.example"))
        key, other = signed("mallory.example")
        mailing = self.launch()
        peer = self.use(
            server,
            True,
            smtp_authentication="certificate",
            smtp_ssl_certificate=base64.b64encode(other),
            smtp_ssl_private_key=base64.b64encode(key),
        )
        with mute_logger("odoo.addons.email_campaign.models.sending.email_campaign_mailing_delivery"):
            self.send()
        self.assertIn(
            "can't be used: Connection unexpectedly closed; it may not accept the certificate", mailing.trouble
        )
        self.assertEqual((mailing.state, mailing.remaining_count), ("sending", 5))
        self.assertFalse(peer.mails)
