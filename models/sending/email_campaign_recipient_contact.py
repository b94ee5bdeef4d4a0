import logging
import time

from odoo import SUPERUSER_ID, api, models
from odoo.modules.registry import Registry
from odoo.tools import SQL

from .email_campaign_mailing_delivery import CONFLICTS, MAX_TRIES

_logger = logging.getLogger(__name__)

# Where the ids of deleted contacts wait for the end of the transaction.
GONE = "email_campaign_gone_contacts"


class EmailCampaignRecipient(models.Model):
    """No recipient has a link to a contact that is deleted; no foreign key sees to that.

    While contacts are deleted or merged and a mass email is launched to them, neither sees the other. Whoever of the
    two commits last looks once more after that.
    """

    _inherit = "email.campaign.recipient"

    @api.model
    def _forget_contacts(self, partner_ids):
        """Leave no link to contacts that are deleted. What they got stays, under their address."""
        if not partner_ids:
            return
        self.env.flush_all()
        self._unlink_contacts(partner_ids)
        self.invalidate_model(["partner_id"])
        postcommit = self.env.cr.postcommit
        if GONE not in postcommit.data:
            postcommit.data[GONE] = []
            # One transaction for all that this one deletes.
            self._after_commit("_unlink_contacts", lambda: postcommit.data.pop(GONE, []))
        postcommit.data[GONE] += partner_ids

    @api.model
    def _forget_contacts_later(self, mailing):
        """Once `mailing` is launched, leave no link to contacts that were deleted meanwhile."""
        mailing_ids = mailing.ids
        self._after_commit("_unlink_gone", lambda: mailing_ids)

    @api.model
    def _unlink_contacts(self, partner_ids):
        # By their index; a deletion that was taken back in part has left some of them.
        self._relink(SQL("r.partner_id = ANY(%s)", list(partner_ids)))

    @api.model
    def _unlink_gone(self, mailing_ids):
        self._relink(SQL("r.mailing_id = ANY(%s) AND r.partner_id IS NOT NULL", list(mailing_ids)))

    @api.model
    def _relink(self, condition):
        """Lead recipients whose contact is gone to the one that it was merged into, if it was.

        Members of lists have a foreign key, by which merging has led them there.
        """
        self.env.execute_query(
            SQL(
                """
                UPDATE email_campaign_recipient r
                   SET partner_id = (SELECT m.partner_id FROM email_target_list_member m
                                       JOIN res_partner kept ON kept.id = m.partner_id
                                      WHERE m.list_id = r.list_id AND m.res_model = r.res_model AND m.res_id = r.res_id
                                      LIMIT 1)
                 WHERE %s AND NOT EXISTS (SELECT FROM res_partner p WHERE p.id = r.partner_id)
             RETURNING r.id
                """,
                condition,
            )
        )

    @api.autovacuum
    def _gc_gone_contacts(self):
        """Look at what was launched lately once more: a server that is stopped does nothing after a commit."""
        rows = self.env.execute_query(
            SQL(
                "SELECT id FROM email_campaign_mailing WHERE launched_at > now() AT TIME ZONE 'utc' - interval '2 days'"
            )
        )
        self._unlink_gone([mailing_id for (mailing_id,) in rows])

    def _after_commit(self, method, given):
        """Call `method` with what `given` gives, in a transaction of its own after this one."""
        dbname, name = self.env.cr.dbname, self._name

        def attempt(argument):
            with Registry(dbname).cursor() as cr:
                getattr(api.Environment(cr, SUPERUSER_ID, {})[name], method)(argument)

        def work():
            argument = given()
            for left in reversed(range(MAX_TRIES)):
                try:
                    attempt(argument)
                    return
                except CONFLICTS:
                    if left:
                        time.sleep(0.01 * (MAX_TRIES - left))
                    else:
                        _logger.warning("links to deleted contacts are left until tonight: %s", method)
                except Exception:
                    # What was committed must not look as if it had failed.
                    _logger.exception("links to deleted contacts are left until tonight: %s", method)
                    return

        self.env.cr.postcommit.add(work)
