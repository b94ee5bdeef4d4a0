import logging

from odoo import SUPERUSER_ID, api, models
from odoo.modules.registry import Registry
from odoo.tools import SQL

_logger = logging.getLogger(__name__)


class EmailCampaignRecipient(models.Model):
    """No recipient has a link to a contact that is deleted; no foreign key sees to that.

    While contacts are deleted and a mass email is launched to them, neither sees the other. Whoever of the two commits
    last looks once more after that.
    """

    _inherit = "email.campaign.recipient"

    @api.model
    def _forget_contacts(self, partner_ids):
        """Leave no link to contacts that are deleted. What they got stays, under their address."""
        self.env.flush_all()
        self._unlink_contacts(partner_ids)
        self.invalidate_model(["partner_id"])
        self._after_commit("_unlink_contacts", list(partner_ids))

    @api.model
    def _forget_contacts_later(self, mailing):
        """Once `mailing` is launched, leave no link to contacts that were deleted meanwhile."""
        self._after_commit("_unlink_gone", mailing.id)

    @api.model
    def _unlink_contacts(self, partner_ids):
        self.env.execute_query(
            SQL(
                "UPDATE email_campaign_recipient SET partner_id = NULL WHERE partner_id = ANY(%s) RETURNING id",
                list(partner_ids),
            )
        )

    @api.model
    def _unlink_gone(self, mailing_id):
        self.env.execute_query(
            SQL(
                """
                UPDATE email_campaign_recipient r SET partner_id = NULL
                 WHERE r.mailing_id = %s AND r.partner_id IS NOT NULL
                   AND NOT EXISTS (SELECT FROM res_partner p WHERE p.id = r.partner_id)
             RETURNING r.id
                """,
                mailing_id,
            )
        )

    def _after_commit(self, method, argument):
        dbname, name = self.env.cr.dbname, self._name

        def work():
            try:
                with Registry(dbname).cursor() as cr:
                    getattr(api.Environment(cr, SUPERUSER_ID, {})[name], method)(argument)
            except Exception:
                # What was committed must not look as if it had failed.
                _logger.exception("recipients may have links to contacts that are deleted: %s(%s)", method, argument)

        self.env.cr.postcommit.add(work)
