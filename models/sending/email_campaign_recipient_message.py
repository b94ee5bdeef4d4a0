import logging
from email import message_from_bytes, policy

from odoo import models
from odoo.exceptions import UserError
from odoo.tools.mail import email_split

from ...tools.address import AddressError
from .outgoing import Outgoing
from .personaliser import Personaliser, UnfillableError

_logger = logging.getLogger(__name__)

COLUMNS = ("id", "res_model", "res_id", "name", "email", "lang", "values")


class EmailCampaignRecipient(models.Model):
    """The message of one recipient, made once more: of the content that was frozen, with the record as it is now."""

    _inherit = "email.campaign.recipient"

    def _message(self, tracked):
        """Give (envelope sender, message) of this recipient, or None where none can be made (any more).

        :param tracked: whether its links are those of the email; else they lead straight to their targets, its
            opt-out link opts nobody out, and no image tells that it was opened
        """
        self.ensure_one()
        mailing = self.mailing_id.sudo().exists()
        if not mailing.frozen_content or not self.email:
            return None
        # As the worker made it: for who launched it, whoever looks at it.
        mailing = mailing.with_user(mailing.launched_by_id).sudo()
        try:
            personaliser = Personaliser(
                mailing, Outgoing(mailing, mailing._provider()), mailing.frozen_content, test=not tracked
            )
            row = self.sudo().read(COLUMNS, load=None)[0]
            row = {name: value or None for name, value in row.items()}
            failed = personaliser.prepare([row])
            values = self._merge_values(mailing, row, personaliser.wanted([row]))
            if failed:
                return None
            if tracked:
                self._settle_personal_links(personaliser, row, values)
            mail = personaliser.mail(row if tracked else dict(row, id=0), values)
        except (UserError, AddressError, UnfillableError, KeyError) as error:
            _logger.info("recipient %s: the message can't be made again (%s)", self.id, error)
            return None
        return mail.mail_from, message_from_bytes(mail.data, policy=policy.default)

    def _settle_personal_links(self, personaliser, row, values):
        """Let links that are merge values lead where they led in the mail; one that led nowhere leads to today's value.

        :param values: the merge values by path; those of such links become what they were
        """
        links = personaliser.personal(row)
        if not links:
            return
        targets = self.env["email.personal.target"].sudo()
        kept = {
            target.tracking_url_id.id: target.url
            for target in targets.search([("recipient_id", "=", self.id)], limit=500)
        }
        values.update({path: kept[url_id] for path, url_id in links if url_id in kept})
        missing = [found for found in personaliser.targets([row], {self.id: values}) if found[1] not in kept]
        if missing:
            targets._keep(missing)

    def _merge_values(self, mailing, row, wanted):
        """Give the merge values; of a record that is gone, what is known of its address alone."""
        merge = mailing.env["email.merge"]
        for kept in (row, dict(row, res_model=None, res_id=None)):
            found = merge._values(mailing.launched_by_id, mailing.company_id, [kept], wanted)
            if row["id"] in found:
                return found[row["id"]]
        return {}

    def _is_shown_to(self, user):
        """Whether `user` looks at this in their own office: then it is not the recipient, and nothing is counted."""
        return user._is_internal() and self.email not in map(str.lower, email_split(user.email or ""))

    def action_view_message(self):
        """Show what this person received."""
        self.ensure_one()
        self.check_access("read")
        shown = self.env["email.campaign.recipient.message"].create({"recipient_id": self.id})
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("What %s Received", self.email or self.name or ""),
            "res_model": shown._name,
            "res_id": shown.id,
            "view_mode": "form",
            "target": "new",
        }


class EmailCampaignEvent(models.Model):
    _inherit = "email.campaign.event"

    def action_view_message(self):
        """Show what the person that this is about received."""
        self.ensure_one()
        self.check_access("read")
        if not self.recipient_id.exists():
            raise UserError(self.env._("The recipient was deleted, so what they received can't be shown any more."))
        return self.recipient_id.action_view_message()
