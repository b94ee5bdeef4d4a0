from odoo import fields, models
from odoo.exceptions import UserError

from ..models.sending.connecting import ConnectingError
from ..models.sending.outgoing import Outgoing
from ..models.sending.personaliser import Personaliser, UnfillableError
from ..tools import address

LIMIT = 20


class EmailCampaignMailingTest(models.TransientModel):
    _name = "email.campaign.mailing.test"
    _description = "Send a Test"

    mailing_id = fields.Many2one("email.campaign.mailing", required=True, ondelete="cascade")
    emails = fields.Text(
        "Send To",
        required=True,
        default=lambda self: self.env.user.email or "",
        help="One or more addresses, separated by commas or lines. Nothing is tracked.",
    )
    partner_id = fields.Many2one(
        "res.partner", "Looks Like For", help="Fill the merge fields as they would be for this contact."
    )

    def action_send(self):
        """Send the mass email to the chosen addresses, as it is now."""
        self.ensure_one()
        self.mailing_id.check_access("write")
        mailing = self.mailing_id.sudo()
        mailing._check_sender(mailing._fields["email_from"]._description_string(self.env), mailing.email_from)
        lang = self.partner_id.lang or self.env.lang
        source, _content = self.mailing_id._compiled([lang])[lang]
        source = dict(source, subject=self.env._("[Test] %s", source["subject"]))
        outgoing = Outgoing(mailing, mailing._provider())
        personaliser = Personaliser(mailing, outgoing, {"lang": lang, "sources": {lang: source}}, test=True)
        rows = [self._row(target, lang) for target in self._addresses()]
        personaliser.prepare(rows)
        values = self.env["email.merge"]._values(self.env.user, mailing.company_id, rows[:1], personaliser.wanted(rows))
        try:
            mails = [personaliser.mail(row, values.get(0, {})) for row in rows]
        except UnfillableError as error:
            raise UserError(
                self.env._(
                    "The code in the template can't be run for “%(name)s”. Choose another contact at “Looks Like For”.",
                    name=self.partner_id.name or self.env._("nobody in particular"),
                )
            ) from error
        try:
            lane = outgoing.connect()
        except ConnectingError as error:
            raise UserError(error.explanation) from error
        outcomes = list(lane.send_all(mails))
        lane.close()
        refused = [
            self.env._("%(email)s: %(answer)s", email=mail.rcpt_to, answer=outcome.text)
            for mail, outcome in zip(mails, outcomes, strict=True)
            if outcome.result != "accepted"
        ]
        if refused:
            raise UserError(self.env._("The test was refused for %s", "\n".join(refused)))
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._("Test sent to %s", ", ".join(mail.rcpt_to for mail in mails)),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def _row(self, target, lang):
        partner = self.partner_id
        return {
            "id": 0,
            "res_model": "res.partner" if partner else None,
            "res_id": partner.id or None,
            "name": partner.name or self.env.user.name,
            "email": target,
            "lang": lang,
            "values": {},
        }

    def _addresses(self):
        pieces = address.split(self.emails or "")
        if not 1 <= len(pieces) <= LIMIT:
            raise UserError(self.env._("Write between 1 and %(limit)s addresses to test with.", limit=LIMIT))
        try:
            return [address.normalize(piece) for piece in pieces]
        except address.AddressError as error:
            raise UserError(
                self.env._("“%(value)s” is no email address: %(reason)s", value=error.value, reason=error.explanation)
            ) from error
