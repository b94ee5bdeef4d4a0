import logging
import re
from email import message_from_bytes, policy

from odoo import api, models

from ...tools import bounce, marks
from .email_incoming_match import RETURNED
from .email_link import RETURN_PATH

_logger = logging.getLogger(__name__)

# Whatever may be an address of ours that only machines write to: looked for before anything is parsed.
_OURS = re.compile(rb"\+(?:[0-9a-f]{16,80}|unsubscribe)@", re.IGNORECASE)
# What reports and complaints may have in their header, and hardly any other mail: looked for in the same way.
_RETURNED = re.compile(
    rb"""^(?:content-type[ \t]*:\s*multipart/report\b
          |auto-submitted[ \t]*:\s*auto-
          |return-path[ \t]*:\s*<>
          |x-failed-recipients[ \t]*:
          |x-hmxmroriginalrecipient[ \t]*:
          |(?:from|sender)[ \t]*:[^\n]{0,500}(?:mailer-daemon|postmaster|mail-daemon|daemon@|mail[ ]delivery)
          |subject[ \t]*:[^\n]{0,500}(?:undeliver|deliver|returned|fail|bounce|complaint|abuse))""",
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)
_LONGEST_HEADER = 100_000  # octets
# What Odoo may take apart, as somebody may have written it. It looks through all HTML again with each part of HTML, and
# the standard library through what is left of a field with each word of it.
_LARGEST, _LARGEST_HEADER, _MOST_PARTS, _MOST_HTML = 10_000_000, 30_000, 200, 4
_PART = re.compile(rb"^(?:content-type[ \t]*:|--[^\r\n -])", re.IGNORECASE | re.MULTILINE)
_BLANK = re.compile(rb"\n\r?\n")
_HTML = re.compile(rb"text/html", re.IGNORECASE)


class EmailIncoming(models.AbstractModel):
    """What comes to a return path or to the opt-out address, and reports, dealt with before Odoo's gateway reads it.

    The gateway takes each message apart before it asks where it goes. It raises on unknown charsets, on NUL, on broken
    enclosed messages, and takes minutes for thousands of parts: a bounce would be lost, or the fetching held up.
    """

    _inherit = "email.incoming"

    @api.model
    def _absorb_unread(self, octets):
        """Deal with the message `octets` if it is addressed to us as to a machine, and no person can have written it.

        :return: whether it is done with; otherwise it goes on its normal way, on which it is asked about again
        """
        if not _OURS.search(octets[:_LONGEST_HEADER]):
            return self._absorb_returned(octets)
        message = bounce.opened(octets)
        if self._to_unsubscribe(message):
            return self._absorb(message)
        if self._to_return_path(message):
            return not self._is_readable(octets) and self._absorb(message)
        return self._absorb_returned(octets)

    @api.model
    def _absorb_returned(self, octets):
        """Deal with a bounce or complaint that came to another address of ours, and returns a mail that we signed."""
        end = _BLANK.search(octets, 0, _LONGEST_HEADER)
        if not _RETURNED.search(octets, 0, end.start() if end else _LONGEST_HEADER):
            return False
        verdict = bounce.read(octets)
        if verdict.kind not in RETURNED:
            return False
        message = bounce.opened(octets)
        return self._match(message, verdict).signed and self._absorb(message)

    @api.model
    def _to_return_path(self, message):
        """Give whether `message` is addressed to a return path that we signed."""
        signer = self.env["email.link"]._signer()
        tokens = marks.plus_tokens(marks.values(message, marks.RECIPIENTS))
        return any(signer.read_local(RETURN_PATH, token, 1) for token in tokens)

    @api.model
    def _is_readable(self, octets):
        """Give whether Odoo's gateway should read the message: a person may have written it, and Odoo can."""
        verdict = bounce.read(octets)
        if verdict.kind in RETURNED or (verdict.kind == "other" and verdict.understood):
            return False
        if len(octets) > _LARGEST or b"\0" in octets or not _BLANK.search(octets, 0, _LARGEST_HEADER):
            return False
        if _more(_PART, octets, _MOST_PARTS) or _more(_HTML, octets, _MOST_HTML):
            return False
        try:
            with self.env.cr.savepoint():
                self.env["mail.thread"].message_parse(message_from_bytes(octets, policy=policy.SMTP))
        except Exception:  # the parser of Odoo, and that of Python, on what no standard allows
            _logger.info("A message at a return path can't be read as a person's: its header must do.", exc_info=True)
            return False
        return True


def _more(pattern, octets, most):
    """Give whether `pattern` is found more often than `most` times."""
    return any(number >= most for number, _found in enumerate(pattern.finditer(octets)))
