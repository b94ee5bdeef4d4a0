from odoo import models
from odoo.tools import SQL


class EmailCampaignRecipient(models.Model):
    """A reply, on the recipient's record."""

    _inherit = "email.campaign.recipient"

    def unlink(self):
        """Leave no link of a reply behind: no foreign key does it. (Those of a mass email go with it.)"""
        self.env["email.campaign.reply"].sudo().search([("recipient_id", "in", self.ids)]).recipient_id = False
        return super().unlink()

    def _note_reply(self, reference, subject, by_owner):
        """Write down that the email was replied to.

        :param reference: the Message-ID of the reply: the same one counts once
        :param by_owner: whether it came from the very address, which is thereby known to work
        :return: whether it is new
        """
        self.ensure_one()
        # What is answered did arrive.
        self._settle_by_evidence()
        if not self.env["email.campaign.event"]._log(self, "reply", detail=subject, source_ref=reference):
            return False
        self.env.execute_query(
            SQL(
                """
                UPDATE email_campaign_recipient SET replied_at = now() AT TIME ZONE 'utc'
                 WHERE id = %s AND replied_at IS NULL RETURNING id
                """,
                self.id,
            )
        )
        self.invalidate_recordset()
        if by_owner:
            self.env["email.address"]._note_activity(self.email, "reply")
        return True
