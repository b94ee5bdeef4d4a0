"""The personal message of each recipient, from a mass email that is compiled once for each language."""

import email.utils
from dataclasses import dataclass
from datetime import datetime, timezone

from ...tools import address
from ...tools.message import Skeleton
from ...tools.smtp import Mail
from ...tools.template import paths
from ..response.email_link import CLICK, MESSAGE_ID, OPEN, OPT_OUT, RETURN_PATH


@dataclass(frozen=True)
class Addressed(Mail):
    """A mail that remembers the normalised address, by which we know its owner."""

    normalized: str = ""


class Personaliser:
    """Makes the mails of `mailing` (as superuser) as they leave by `outgoing`.

    :param frozen: {"lang": the language of those who have no other, "sources": {lang: source}}
    :param test: whether the mails are to look at only: no tracking, and an opt-out link that opts nobody out
    """

    def __init__(self, mailing, outgoing, frozen, test=False):
        self._mailing = mailing
        self._outgoing = outgoing
        self._frozen = frozen
        self._test = test
        self._signer = mailing.env["email.link"]._signer()
        self._base_url = mailing._base_url()
        self._compiled = {}

    def wanted(self, rows):
        """Give the paths of the merge values that the mails of `rows` need."""
        return {path for row in rows for path in self._content(row["lang"])[1]}

    def mail(self, row, values):
        """Give the mail of one recipient.

        :param row: dict with id, email (normalised), name, lang
        :param values: its merge values by path
        :raises tools.address.AddressError: when the address can't be written to
        :raises UserError: when the content can't be compiled
        """
        rcpt_to, smtputf8 = address.envelope(row["email"])
        recipient_id = row["id"]
        skeleton, _paths, url_ids = self._content(row["lang"])
        sign = self._signer.sign
        opt_out = f"{self._base_url}/email/u/{sign(OPT_OUT, recipient_id)}"

        def value(slot):
            if slot.kind == "field":
                return values.get(slot.value) or slot.default
            if slot.kind == "link":
                return f"{self._base_url}/email/c/{sign(CLICK, recipient_id, url_ids[slot.value])}"
            if slot.kind == "open":
                return f"{self._base_url}/email/o/{sign(OPEN, recipient_id)}.gif"
            return opt_out

        domain = self._outgoing.sender_address.rpartition("@")[2]
        headers = {
            "Date": email.utils.format_datetime(datetime.now(timezone.utc)),
            # The same at every try, so that a receiver can tell a second copy.
            "Message-ID": f"<{self._signer.sign_local(MESSAGE_ID, recipient_id)}@{domain}>"
            if not self._test
            else email.utils.make_msgid(domain=domain),
            "To": address.mailbox(row["name"], rcpt_to),
            "List-Unsubscribe": f"<{opt_out}>",
        }
        return Addressed(
            key=recipient_id,
            mail_from=self._outgoing.return_path(self._signer.sign_local(RETURN_PATH, recipient_id)),
            rcpt_to=rcpt_to,
            data=skeleton.fill(headers, value),
            smtputf8=smtputf8,
            normalized=row["email"],
        )

    def _content(self, lang):
        """Give (skeleton, paths, ids of tracking URLs) in `lang`, or in the language of those who have no other."""
        lang = lang if lang in self._frozen["sources"] else self._frozen["lang"]
        if lang not in self._compiled:
            content = self._mailing._compose(self._frozen["sources"][lang], lang, test=self._test)
            urls = self._mailing.env["email.tracking.url"]._find_or_add(self._mailing.campaign_id, content.urls)
            skeleton = Skeleton(
                self._fixed_headers(),
                content.subject,
                content.html,
                content.text,
                self._mailing._attachments(),
            )
            self._compiled[lang] = skeleton, paths(content.subject, content.html, content.text), urls
        return self._compiled[lang]

    def _fixed_headers(self):
        headers = {"From": self._outgoing.sender}
        if self._outgoing.reply_to:
            headers["Reply-To"] = self._outgoing.reply_to
        # RFC 8058: with this, mail programs offer a button that opts out with one POST.
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        return headers
