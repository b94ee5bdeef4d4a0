"""The personal message of each recipient, from a mass email that is compiled once for each language."""

import email.utils
import hashlib
import time
from datetime import datetime, timezone
from functools import cached_property
from typing import NamedTuple

from ...tools import address
from ...tools.message import SOFT_BREAK, Skeleton, folded, header, writer
from ...tools.template import paths
from ...tools.token import id_octets
from ..response.email_link import CLICK, MESSAGE_ID, OPEN, OPT_OUT, RETURN_PATH

# Stands in a return path where the token goes, to find out what is around it; no address has this character in it.
_MARK = "\N{HORIZONTAL ELLIPSIS}"


class Addressed(NamedTuple):
    """A `tools.smtp.Mail` that remembers the normalised address, by which we know its owner."""

    key: int
    mail_from: str
    rcpt_to: str
    data: bytes
    smtputf8: bool
    normalized: str


class Edition(NamedTuple):
    """A mass email in one language: the skeleton, and what gives each piece that is filled into it."""

    skeleton: Skeleton
    paths: set
    makers: list


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
        self._editions = {}
        base_url = mailing._base_url()
        self._beginnings = {
            "link": f"{base_url}/email/c/",
            "open": f"{base_url}/email/o/",
            "opt_out": f"{base_url}/email/u/",
        }
        signer = mailing.env["email.link"]._signer()
        self._click, self._open, self._opt_out = (signer.stamp(purpose) for purpose in (CLICK, OPEN, OPT_OUT))
        self._message_id, self._return_token = (signer.stamp_local(purpose) for purpose in (MESSAGE_ID, RETURN_PATH))
        self._domain = outgoing.sender_address.rpartition("@")[2]
        self._return_start, self._verp, self._return_end = outgoing.return_path(_MARK).partition(_MARK)
        self._second, self._date = 0, ""

    def prepare(self, rows):
        """Get ready for the mails of `rows`, once for each batch.

        :raises UserError: when the content can't be compiled
        """
        for lang in {row["lang"] for row in rows}:
            self._edition(lang)

    def wanted(self, rows):
        """Give the paths of the merge values that the mails of `rows` need."""
        return {path for lang in {row["lang"] for row in rows} for path in self._edition(lang).paths}

    def mail(self, row, values):
        """Give the mail of one recipient.

        :param row: dict with id, email (normalised), name, lang
        :param values: its merge values by path
        :raises tools.address.AddressError: when the address can't be written to
        :raises UserError: when the content can't be compiled
        """
        rcpt_to, smtputf8 = address.envelope(row["email"])
        to = folded("To", address.mailbox(row["name"], rcpt_to))
        skeleton, _paths, makers = self._editions.get(row["lang"]) or self._edition(row["lang"])
        recipient_id = row["id"]
        octets = id_octets(recipient_id)
        opt_out = self._opt_out(octets)
        if self._test:
            message_id = email.utils.make_msgid(domain=self._domain)
        else:
            # The same at every try, so that a receiver can tell a second copy.
            message_id = f"<{self._message_id(octets)}@{self._domain}>"
        headers = (
            f"Date: {self._now()}\r\nMessage-ID: {message_id}\r\n{to}"
            f"List-Unsubscribe: <{self._beginnings['opt_out']}{opt_out.decode()}>\r\n"
        )
        if skeleton.subject:
            subject = [part if isinstance(part, str) else _field(part, values) for part in skeleton.subject]
            headers += header("Subject", "".join(subject))
        return Addressed(
            recipient_id,
            f"{self._return_start}{self._return_token(octets)}{self._return_end}" if self._verp else self._return_start,
            rcpt_to,
            skeleton.assemble(headers, [make(values, octets, opt_out) for make in makers]),
            smtputf8,
            row["email"],
        )

    def _now(self):
        second = int(time.time())
        if second != self._second:
            self._second = second
            self._date = email.utils.format_datetime(datetime.fromtimestamp(second, timezone.utc))
        return self._date

    def _edition(self, lang):
        """Give the edition in `lang`, or in the language of those who have no other."""
        if lang in self._editions:
            return self._editions[lang]
        known = lang if lang in self._frozen["sources"] else self._frozen["lang"]
        if known not in self._editions:
            self._editions[known] = self._compiled(known)
        self._editions[lang] = self._editions[known]
        return self._editions[lang]

    @cached_property
    def _attachments(self):
        return self._mailing._attachments()

    def _compiled(self, lang):
        content = self._mailing._compose(self._frozen["sources"][lang], lang, test=self._test)
        url_ids = self._mailing.env["email.tracking.url"]._find_or_add(self._mailing.campaign_id, content.urls)
        skeleton = Skeleton(
            self._fixed_headers(),
            content.subject,
            content.html,
            content.text,
            self._attachments,
            self._beginnings,
        )
        makers = [self._maker(hole, url_ids) for hole in skeleton.holes]
        return Edition(skeleton, paths(content.subject, content.html, content.text), makers)

    def _maker(self, hole, url_ids):
        """Give the function of (merge values, the octets of the recipient's id, its opt-out token) for one hole."""
        slot = hole.slot
        if slot.kind == "link":
            click, url = self._click, id_octets(url_ids[slot.value])
            return lambda _values, octets, _opt_out: click(octets + url) + SOFT_BREAK
        if slot.kind == "open":
            opened = self._open
            return lambda _values, octets, _opt_out: opened(octets) + b".gif" + SOFT_BREAK
        if slot.kind == "opt_out":
            return lambda _values, _octets, opt_out: opt_out + SOFT_BREAK
        write, path, default = writer(hole), slot.value, slot.default
        return lambda values, _octets, _opt_out: write(values.get(path) or default)

    def _fixed_headers(self):
        headers = {"From": self._outgoing.sender}
        if self._outgoing.reply_to:
            headers["Reply-To"] = self._outgoing.reply_to
        mailing, campaign = self._mailing, self._mailing.campaign_id
        # RFC 8058: with this, mail programs offer a button that opts out with one POST.
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        headers["List-ID"] = self._list_id(campaign)
        # Gmail's figures of complaints are by each of these. It wants the sender in 5 to 15 characters, and the same
        # in all that leaves under one domain. None of it says anything about the recipient.
        sender = hashlib.sha256(self._domain.encode()).hexdigest()[:12]
        headers["Feedback-ID"] = f"c{campaign.id}:m{mailing.id}:o{mailing.company_id.id}:{sender}"
        # Nobody's absence note shall come back for each of thousands. RFC 3834 section 2 lets responders keep quiet
        # about bulk mail, and Exchange only minds its own header. Auto-Submitted is not for this: a person wrote the
        # email and wants answers, and ticket systems drop what says that a machine made it.
        headers["Precedence"] = "bulk"
        headers["X-Auto-Response-Suppress"] = "OOF, AutoReply"
        return headers

    def _list_id(self, campaign):
        """Give what mail programs sort by (RFC 2919): the list type, or the campaign where it has several of them."""
        list_type = campaign.target_list_ids.list_type_id
        if len(list_type) != 1:
            # Without its name, which was not meant for recipients.
            return f"<campaign-{campaign.id}.{self._domain}>"
        return address.named(list_type.name, f"list-{list_type.id}.{self._domain}")


def _field(slot, values):
    return values.get(slot.value) or slot.default
