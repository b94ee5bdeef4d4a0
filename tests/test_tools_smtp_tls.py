import socket
import ssl
import threading
import time

from urllib3.contrib.pyopenssl import PyOpenSSLContext

from odoo.tests import BaseCase

from odoo.addons.email_campaign.tools import smtp_tls

from .certificate import certificate, certificate_of_both, key_and_certificate

SECONDS = 10.0


class TestSockets(BaseCase):
    """What Odoo gives for a client with a certificate behaves as Python's own TLS sockets do."""

    def pair(self, server_tls, client_tls):
        """Give (ours, what Odoo gives, the server's end) with a handshake done; ours doesn't block."""
        far, near = socket.socketpair()
        for end in (far, near):
            self.addCleanup(end.close)
            end.settimeout(SECONDS)
        served = []
        thread = threading.Thread(target=lambda: served.append(self.serve(server_tls, far)))
        thread.start()
        wrapped = client_tls.wrap_socket(near)
        thread.join(SECONDS)
        ours = smtp_tls.plain(wrapped)
        ours.setblocking(False)
        self.addCleanup(wrapped.close)
        return ours, wrapped, served[0]

    def serve(self, server_tls, far):
        try:
            served = server_tls.wrap_socket(far, server_side=True)
        except ssl.SSLError:
            return None
        self.addCleanup(served.close)
        return served

    def both(self):
        return self.pair(*certificate_of_both(*key_and_certificate("client")))

    def receive(self, ours):
        """Give what comes, waiting for it."""
        for _time in range(100):
            try:
                return ours.recv(100)
            except ssl.SSLWantReadError:
                time.sleep(0.05)
        raise AssertionError("nothing came")

    def test_others_stay_what_they_are(self):
        far, near = socket.socketpair()
        self.addCleanup(far.close)
        self.addCleanup(near.close)
        self.assertIs(smtp_tls.plain(near), near)

    def test_back_and_forth(self):
        ours, _wrapped, server = self.both()
        self.assertEqual(ours.send(memoryview(b"MAIL")), 4)
        self.assertEqual(server.recv(100), b"MAIL")
        with self.assertRaises(ssl.SSLWantReadError):
            ours.recv(100)
        server.send(b"250 OK")
        self.assertEqual(self.receive(ours), b"250 OK")

    def test_more_than_there_is_room_for(self):
        ours, _wrapped, server = self.both()
        piece, sent = memoryview(b"x" * 16384), 0
        with self.assertRaises(ssl.SSLWantWriteError):
            while True:
                sent += ours.send(piece)
        taken = 0
        while taken < sent:
            taken += len(server.recv(65536))
        sent = ours.send(piece)  # the one that was refused, which may have begun to leave
        while sent:
            sent -= len(server.recv(65536))

    def test_the_other_side_ends(self):
        ours, _wrapped, server = self.both()
        # It waits for our goodbye, which does not come.
        server.setblocking(False)
        with self.assertRaises(ssl.SSLWantReadError):
            server.unwrap()
        self.assertEqual(self.receive(ours), b"")

    def test_the_other_side_is_gone(self):
        ours, _wrapped, server = self.both()
        server.shutdown(socket.SHUT_RDWR)
        self.assertEqual(self.receive(ours), b"")

    def test_the_other_side_says_what_is_wrong(self):
        server_tls, _client = certificate_of_both(*key_and_certificate("client"))
        shows_none = PyOpenSSLContext(ssl.PROTOCOL_TLS)
        shows_none.verify_mode = ssl.CERT_NONE
        ours, _wrapped, _refused = self.pair(server_tls, shows_none)
        with self.assertRaises(ssl.SSLError) as caught:
            self.receive(ours)
        self.assertIn("certificate required", str(caught.exception))
        self.assertNotIn("(", str(caught.exception), "a text, no tuple")

    def test_after_it_was_closed(self):
        """OpenSSL would write to whatever has the number of the descriptor by then."""
        ours, wrapped, _server = self.both()
        wrapped.close()
        other = socket.socketpair()
        for end in other:
            self.addCleanup(end.close)
            end.setblocking(False)
        for call in (lambda: ours.send(b"x"), lambda: ours.recv(1)):
            with self.assertRaises(OSError):
                call()
        for end in other:
            with self.assertRaises(BlockingIOError):
                end.recv(100)

    def test_as_python_does(self):
        """The same with Python's own, so that what is asked above is not this module's invention."""
        server_tls, client_tls = certificate()
        self.both = lambda: self.pair(server_tls, client_tls)
        for test in (
            self.test_back_and_forth,
            self.test_more_than_there_is_room_for,
            self.test_the_other_side_ends,
            self.test_the_other_side_is_gone,
            self.test_after_it_was_closed,
        ):
            with self.subTest(test.__name__):
                test()
