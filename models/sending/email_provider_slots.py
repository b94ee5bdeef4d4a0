from odoo import api, models

SLOT_NAME = "cron_send_slot_%s"


class EmailProvider(models.Model):
    """Sender slots: scheduled actions that run the same sending job side by side, on any of Odoo's cron workers.

    The first is the one that comes with the module. The others are copies, known by their external ids, so that they
    are neither made twice nor left behind when the module is uninstalled.
    """

    _inherit = "email.provider"

    @api.model
    def _send_crons(self):
        """Give the scheduled actions that send, the first slot first."""
        return self.env.ref("email_campaign.cron_send").sudo() | self._slot_crons(range(2, self._slot_count() + 1))

    @api.model
    def _trigger_send(self, at=None):
        """Wake up all slots, now or at the moment `at` (UTC, naive)."""
        for cron in self._send_crons():
            cron._trigger(at)

    @api.model
    def _set_slots(self, count):
        """Have `count` slots. One too many that is sending at this moment goes later, by the autovacuum."""
        self.env["ir.config_parameter"].sudo().set_param("email_campaign.sender_slots", str(count))
        first = self.env.ref("email_campaign.cron_send").sudo()
        for number in range(2, count + 1):
            if self._slot_crons([number]):
                continue
            cron = first.create(
                {
                    "name": f"{first.name} ({number})",
                    "model_id": first.model_id.id,
                    "state": "code",
                    "code": first.code,
                    "user_id": first.user_id.id,
                    "active": first.active,
                    "interval_number": first.interval_number,
                    "interval_type": first.interval_type,
                    "priority": first.priority,
                }
            )
            self.env["ir.model.data"].sudo().create(
                {
                    "module": "email_campaign",
                    "name": SLOT_NAME % number,
                    "model": "ir.cron",
                    "res_id": cron.id,
                    "noupdate": True,
                }
            )
        self._gc_slots()

    @api.autovacuum
    def _gc_slots(self):
        """Remove the slots that are too many, unless they are sending at this moment."""
        prefix = SLOT_NAME % ""
        names = (
            self.env["ir.model.data"]
            .sudo()
            .search([("module", "=", "email_campaign"), ("model", "=", "ir.cron"), ("name", "=like", f"{prefix}%")])
        )
        spare = names.filtered(lambda data: int(data.name.removeprefix(prefix)) > self._slot_count())
        crons = self.env["ir.cron"].sudo().with_context(active_test=False).browse(spare.mapped("res_id")).exists()
        free = crons.try_lock_for_update()
        actions = free.ir_actions_server_id
        free.unlink()
        actions.unlink()

    @api.model
    def _slot_crons(self, numbers):
        crons = self.env["ir.cron"].sudo().browse()
        for number in numbers:
            crons |= self.env.ref(f"email_campaign.{SLOT_NAME % number}", raise_if_not_found=False) or crons.browse()
        return crons

    @api.model
    def _slot_count(self):
        return self.env["ir.config_parameter"]._email_campaign_number("email_campaign.sender_slots", 1, least=1)
