from odoo import api, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from ..audience.email_address_changes import MOMENT, NOW

# What a person may take back. An opt-out is the recipient's own word.
TAKEN_BACK = ("hard", "soft", "complaint")


class EmailVerdict(models.Model):
    """A person's word on verdicts: taken back, confirmed, dismissed. Nothing is restored from a copy: what the other
    verdicts say, and what people said, makes up the address, the recipient and the numbers anew.
    """

    _inherit = "email.verdict"

    def action_undo(self):
        """Open the dialog that asks why these are taken back."""
        self.check_access("read")
        action = self.env["ir.actions.actions"]._for_xml_id("email_campaign.email_verdict_undo_action")
        action["context"] = {"active_model": self._name, "active_ids": self.ids, "dialog_size": "medium"}
        return action

    def action_confirm(self):
        """Let those count that are proposed, and those again that were taken back.

        :raises UserError: when there are none among them
        """
        proposed = self.filtered(lambda verdict: verdict.state == "proposed")
        undone = self.filtered(lambda verdict: verdict.state == "undone")
        self._check_decided(proposed | undone)
        again = self.env._("Confirmed by %s", self.env.user.name)
        proposed -= proposed._known()
        for verdicts in (proposed, undone):
            self.sudo()._follow(verdicts._set_standing(), again)
        self._tell_figures()
        return True

    def _known(self):
        """Let go of those of these proposals that tell what stands already; give them."""
        self.flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT p.id FROM email_verdict p
                 WHERE p.id = ANY(%(ids)s)
                   AND EXISTS (SELECT FROM email_verdict v
                                WHERE v.recipient_id = p.recipient_id AND %(same)s
                                  AND (v.state IN ('counted', 'noted') OR v.id = ANY(%(ids)s) AND v.id < p.id))
                """,
                ids=self.ids,
                same=self._same(SQL("v"), SQL("p")),
            )
        )
        known = self.browse([verdict_id for (verdict_id,) in rows])
        known._set_undone("proposed", self.env._("Told already"))
        return known

    def action_dismiss(self):
        """Say that those that are proposed are about somebody else, or wrong: nothing follows from them.

        :raises UserError: when there are none among them
        """
        proposed = self.filtered(lambda verdict: verdict.state == "proposed")
        self._check_decided(proposed)
        proposed._set_undone("proposed", self.env._("Dismissed"))
        return True

    def _undo(self, reason):
        """Take these back because of `reason`; what other verdicts say too stays so.

        :raises UserError: when none of them can be taken back
        """
        standing = self.filtered(lambda verdict: verdict.state in ("counted", "noted") and verdict.kind in TAKEN_BACK)
        self._check_decided(standing)
        changed = self.sudo().browse(standing._set_undone("standing", reason))
        ids = changed.ids
        self.sudo()._log_undone(ids, reason)
        self.sudo()._stamp(self.sudo()._bounced_by(ids))
        self.env["email.address"].sudo()._recount_undone(self.sudo()._told_of(ids, "undone"), reason)
        complaints = changed.filtered(lambda one: one.kind == "complaint" and one.email)
        if complaints:
            complaints._release(reason)
        self._tell_figures()

    def _check_decided(self, chosen):
        """Refuse what the user may not decide about, or what there is nothing to decide about."""
        self.check_access("read")
        if not chosen:
            raise UserError(
                self.env._(
                    "There is nothing to decide about these. Bounces and complaints can be taken back, and confirmed "
                    "again; an opt-out is the recipient's own word; everything else is on record only."
                )
            )
        manager = self.env.user.has_group("email_campaign.group_manager")
        if not manager and any(verdict.kind in ("complaint", "opt_out") for verdict in chosen):
            raise AccessError(
                self.env._("Only a campaign manager decides about complaints: somebody does not want these emails.")
            )

    def _set_standing(self):
        """Let these stand: counted, or on record; give the ids of those that did not stand before."""
        rows = self.env.execute_query(
            SQL(
                """
                UPDATE email_verdict
                   SET state = CASE WHEN counts THEN 'counted' ELSE 'noted' END,
                       counted_at = %(moment)s, undone_at = NULL, undone_by_id = NULL, undone_reason = NULL
                 WHERE id = ANY(%(ids)s) AND state IN ('proposed', 'undone') RETURNING id
                """,
                moment=MOMENT,
                ids=self.ids,
            )
        )
        self.invalidate_model(flush=False)
        return [verdict_id for (verdict_id,) in rows]

    def _set_undone(self, before, reason):
        """Let these stand no more; give the ids of those that did."""
        self.flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                UPDATE email_verdict SET state = 'undone', undone_at = %s, undone_by_id = %s, undone_reason = %s
                 WHERE id = ANY(%s) AND state = ANY(%s) RETURNING id
                """,
                NOW,
                self.env.uid,
                reason,
                self.ids,
                ["proposed"] if before == "proposed" else ["counted", "noted"],
            )
        )
        self.invalidate_model(flush=False)
        return [verdict_id for (verdict_id,) in rows]

    @api.model
    def _log_undone(self, ids, reason):
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO email_campaign_event (mailing_id, campaign_id, recipient_id, kind, at, detail)
                     SELECT mailing_id, campaign_id, recipient_id, 'undone', %s, %s
                       FROM email_verdict WHERE id = ANY(%s) ORDER BY id
                """,
                NOW,
                self.env._("%(user)s: %(reason)s", user=self.env.user.name, reason=reason),
                list(ids),
            )
        )
        self.env["email.campaign.event"].invalidate_model(flush=False)

    def _tell_figures(self):
        """Let open forms show the numbers as they are now."""
        self.env.invalidate_all()
        self.mailing_id.sudo()._notify_progress(force=True)
