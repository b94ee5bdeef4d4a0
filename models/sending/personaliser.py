"""The personal message of each recipient, from a mass email that is compiled once for each language."""

import email.utils
import hashlib
import time
from datetime import datetime, timezone
from functools import cached_property
from typing import NamedTuple
from urllib.parse import quote

from odoo.tools import groupby

from ...tools import address, one_click
from ...tools.compose import Program
from ...tools.links import personal, personal_target
from ...tools.message import Hole, Skeleton, folded, personal_text
from ...tools.token import id_octets
from ...tools.webhook.marks import PLACE
from ..response.email_link import (
    CLICK,
    HIDDEN_LINK,
    MESSAGE_ID,
    OPEN,
    OPT_OUT,
    PREFERENCES,
    RETURN_PATH,
    VIEW,
)
from .edition import CodedEdition, Edition, filled, personal_ids

# Stands in a return path where the token goes, to find out what is around it; no address has this character in it.
_MARK = "\N{HORIZONTAL ELLIPSIS}"


class Addressed(NamedTuple):
    """A `tools.smtp.Mail` that remembers the normalised address, by which we know its owner."""

    key: int
    mail_from: str
    rcpt_to: str
    segments: tuple
    smtputf8: bool
    is_ascii: bool
    dotless: bool
    normalized: str

    @property
    def data(self):
        """The message in one piece."""
        return b"".join(self.segments)


class UnfillableError(Exception):
    """The content can't be made for this recipient."""


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
            "preferences": f"{base_url}/email/p/",
            "view": f"{base_url}/email/v/",
        }
        signer = self._signer = mailing.env["email.link"]._signer()
        self._open, self._opt_out = (signer.stamp(purpose) for purpose in (OPEN, OPT_OUT))
        # RFC 8058 section 4 lets a mailto: stand beside; it carries the same token, so it costs nothing to speak of.
        mailto = quote(outgoing.opt_out_address, safe="@+")
        self._mail_opt_out = f",\r\n <mailto:{mailto}?subject=" if mailto else ""
        self._preferences, self._view = signer.stamp(PREFERENCES), signer.stamp(VIEW)
        self._message_id, self._return_token = (signer.stamp_local(purpose) for purpose in (MESSAGE_ID, RETURN_PATH))
        self._domain = outgoing.sender_address.rpartition("@")[2]
        self._return_start, self._verp, self._return_end = outgoing.return_path(_MARK).partition(_MARK)
        # Some services leave out the Message-ID, or replace it, in what they tell about a mail.
        self._mark = outgoing.provider._webhook_marks() if outgoing.provider and not test else ""
        self._second, self._date = 0, ""

    def begin(self):
        """Compile what most will get, while all that it takes is at hand from choosing the server.

        :raises UserError: when the content can't be compiled
        """
        self._edition(self._frozen["lang"])

    def forget(self):
        """Compile anew what is compiled: links that were found new for it are not known any more."""
        self._editions.clear()

    def prepare(self, rows):
        """Get ready for the mails of `rows`, once for each batch; give the ids of those that none can be made for.

        What code has made of a row goes with it, as `rendered`.

        :raises UserError: when the content can't be compiled
        """
        failed = []
        for lang, batch in groupby(rows, lambda row: row["lang"]):
            edition = self._edition(lang)
            if isinstance(edition, CodedEdition):
                failed += self._render(edition, batch)
        return failed

    def wanted(self, rows):
        """Give the paths of the merge values that the mails of `rows` need."""
        return {path for lang in {row["lang"] for row in rows} for path in self._edition(lang).paths}

    def personal(self, row):
        """Give (path of the merge value, tracking URL id) of the links of `row` that lead each elsewhere."""
        return [(slot.value, url_id) for slot, url_id in self._edition(row["lang"]).personal.items()]

    def targets(self, rows, values):
        """Give (recipient id, tracking URL id, target) of the tracked links of `rows` that lead each elsewhere.

        They have to be kept before the mails leave. Most mass emails have none.

        :param values: {recipient id: its merge values by path}, of those that have any
        """
        personal = {lang: self._edition(lang).personal for lang in {row["lang"] for row in rows}}
        if not any(personal.values()):
            return []
        return [
            (row["id"], url_id, target)
            for row in rows
            if row["id"] in values
            for slot, url_id in personal[row["lang"]].items()
            if (target := personal_target(values[row["id"]].get(slot.value) or slot.default))
        ]

    def mail(self, row, values):
        """Give the mail of one recipient.

        :param row: dict with id, email (normalised), name, lang; with code in the content, as `prepare` left it
        :param values: its merge values by path
        :raises tools.address.AddressError: when the address can't be written to
        :raises UnfillableError: when code in the content can't be run for this recipient, as `prepare` says before
        :raises UserError: when the content can't be compiled
        """
        rcpt_to, smtputf8 = address.envelope(row["email"])
        to = folded("To", address.mailbox(row["name"], rcpt_to))
        edition = self._editions.get(row["lang"]) or self._edition(row["lang"])
        recipient_id = row["id"]
        octets = id_octets(recipient_id)
        opt_out = self._opt_out(octets)
        by_mail = f"{self._mail_opt_out}{opt_out.decode()}>" if self._mail_opt_out else ""
        if self._test:
            message_id = email.utils.make_msgid(domain=self._domain)
        else:
            # The same at every try, so that a receiver can tell a second copy.
            token = self._message_id(octets)
            message_id = f"<{token}@{self._domain}>"
            if self._mark:
                to += self._mark.replace(PLACE, token)
        headers = (
            f"Date: {self._now()}\r\nMessage-ID: {message_id}\r\n{to}"
            f"List-Unsubscribe: <{self._beginnings['opt_out']}{opt_out.decode()}>{by_mail}\r\n"
        )
        if isinstance(edition, CodedEdition):
            segments, is_ascii = self._coded(edition, row, values, headers)
        else:
            segments = edition.message(headers, octets, opt_out, values)
            is_ascii = edition.is_ascii and headers.isascii()
        return Addressed(
            recipient_id,
            f"{self._return_start}{self._return_token(octets)}{self._return_end}" if self._verp else self._return_start,
            rcpt_to,
            segments,
            smtputf8,
            is_ascii,
            True,  # as `tools.message` makes them
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
        url_ids[""] = HIDDEN_LINK
        if isinstance(content, Program):
            model = self._frozen["sources"][lang]["code"]["model"]
            sign_links = self._signer.family(CLICK, list(url_ids.values()))
            slots = map(content.slots.get, content.slots.all())
            return CodedEdition(
                content, content.fields(), url_ids, sign_links, lang, model, personal_ids(slots, url_ids)
            )
        skeleton = Skeleton(
            self._fixed_headers,
            content.subject,
            content.html,
            content.text,
            self._attachments,
            self._beginnings,
        )
        stamps = {
            "open": lambda octets: self._open(octets) + b".gif",
            "preferences": self._preferences,
            "view": self._view,
        }
        beginning = self._beginnings["link"]
        return Edition(skeleton, content.fields(), self._signer, CLICK, url_ids, stamps, beginning)

    def _render(self, edition, rows):
        """Render the code for `rows`, with the rights of who launched the mass email; give ids where that failed."""
        mailing = self._mailing
        user = mailing.env.user if self._test else mailing.launched_by_id
        render = mailing.env["email.render"].with_user(user).with_company(mailing.company_id)
        ids = {row["res_id"] for row in rows if row["res_model"] == edition.model}
        readable = render.env[edition.model].with_context(active_test=False).search([("id", "in", list(ids))])
        rendered, _failed = render._render(edition.program, edition.model, readable.ids, edition.lang)
        for row in rows:
            if row["res_model"] == edition.model and row["res_id"] in rendered:
                row["rendered"] = rendered[row["res_id"]]
        # Those whose record is gone or may not be read are told apart when merge values are read.
        broken = set(readable.ids) - set(rendered)
        return [row["id"] for row in rows if row["res_model"] != edition.model or row["res_id"] in broken]

    def _coded(self, edition, row, values, headers):
        """Give the message for one recipient, of what the code made, as segments, and whether it is ASCII."""
        if "rendered" not in row:
            raise UnfillableError
        subject, body = row["rendered"]
        recipient = id_octets(row["id"])
        linked = dict(zip(edition.url_ids, edition.sign_links(recipient), strict=True))
        tokens = {
            "link": lambda slot: linked[slot.value].decode(),
            "open": lambda _slot: self._open(recipient).decode() + ".gif",
            "opt_out": lambda _slot: self._opt_out(recipient).decode(),
            "preferences": lambda _slot: self._preferences(recipient).decode(),
            "view": lambda _slot: self._view(recipient).decode(),
        }

        def value(slot, markup):
            if slot.kind == "field":
                text = values.get(slot.value) or slot.default
                if (kept := personal(slot)) and personal_target(text):
                    text = self._beginnings["link"] + linked[kept].decode()
            else:
                text = self._beginnings[slot.kind] + tokens[slot.kind](slot)
            return personal_text(Hole(slot, markup), text)

        html, text = edition.program.fill(body, value)
        if subject is None:
            subject = filled(edition.program.subject, values)
        skeleton = Skeleton(self._fixed_headers, (subject,), (html,), (text,), self._attachments)
        return skeleton.segments(headers, ()), skeleton.is_ascii and headers.isascii()

    @cached_property
    def _fixed_headers(self):
        headers = {"From": self._outgoing.sender}
        if self._outgoing.reply_to:
            headers["Reply-To"] = self._outgoing.reply_to
        mailing, campaign = self._mailing, self._mailing.campaign_id
        # RFC 8058: with this, mail programs offer a button that opts out with one POST.
        headers.update(one_click.HEADERS)
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
        list_types = campaign._list_types()
        if len(list_types) != 1:
            # Without its name, which was not meant for recipients.
            return f"<campaign-{campaign.id}.{self._domain}>"
        [(list_type_id, name)] = list_types
        return address.named(name, f"list-{list_type_id}.{self._domain}")
