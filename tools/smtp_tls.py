"""TLS sockets of pyOpenSSL used like those of Python: what Odoo gives for a mail server with a client certificate.

They come wrapped by urllib3, which waits by itself where nothing is ready, has no `send`, and hides what TLS waits for.
"""

from __future__ import annotations

import errno
import os
import ssl
from typing import Any

from OpenSSL import SSL
from urllib3.contrib.pyopenssl import WrappedSocket


def plain(sock: Any) -> Any:
    """Give `sock` with the methods and errors of Python's sockets; it is that already, most often."""
    return _Socket(sock) if isinstance(sock, WrappedSocket) else sock


class _Socket:
    """`send` and `recv` of an `ssl.SSLSocket` on a connection of pyOpenSSL."""

    def __init__(self, wrapped: WrappedSocket) -> None:
        self._connection = wrapped.connection
        self._socket = wrapped.socket
        self.setblocking = wrapped.socket.setblocking
        self.setsockopt = wrapped.socket.setsockopt

    def send(self, data: Any) -> int:
        """Give how many octets of `data` were taken."""
        return int(self._do(self._connection.send, data))

    def recv(self, size: int) -> bytes:
        """Give up to `size` octets; none when the other side has closed the line."""
        try:
            return bytes(self._do(self._connection.recv, size))
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return b""

    def _do(self, call: Any, argument: Any) -> Any:
        if self._socket.fileno() < 0:
            # OpenSSL knows the number only, which may be somebody else's by now.
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        try:
            return call(argument)
        except SSL.WantReadError as error:
            raise ssl.SSLWantReadError from error
        except SSL.WantWriteError as error:
            raise ssl.SSLWantWriteError from error
        except SSL.ZeroReturnError as error:
            raise ssl.SSLZeroReturnError(ssl.SSL_ERROR_ZERO_RETURN, "the server closed the connection") from error
        except SSL.SysCallError as error:
            # Without a goodbye of TLS it is no error of the system.
            raise (OSError if error.args[0] > 0 else ssl.SSLEOFError)(*error.args) from error
        except SSL.Error as error:
            # Its arguments are a list of (library, function, reason).
            reasons = [reason[-1] for reason in error.args[0]] if error.args else []
            raise ssl.SSLError(ssl.SSL_ERROR_SSL, "; ".join(filter(None, reasons)) or type(error).__name__) from error
