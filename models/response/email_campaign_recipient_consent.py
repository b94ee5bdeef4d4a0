from odoo import models


class EmailCampaignRecipient(models.Model):
    """What a recipient says goes into the ledger of consent with where it was said."""

    _inherit = "email.campaign.recipient"

    def _opt_out(self, source, *args, ip=None, user_agent=None, **kwargs):
        said = self._saying(source, ip, user_agent)
        return super(EmailCampaignRecipient, said)._opt_out(source, *args, ip=ip, user_agent=user_agent, **kwargs)

    def _opt_in_again(self, source, *args, ip=None, user_agent=None, **kwargs):
        said = self._saying(source, ip, user_agent)
        return super(EmailCampaignRecipient, said)._opt_in_again(source, *args, ip=ip, user_agent=user_agent, **kwargs)

    def _pause(self, source, ip=None, user_agent=None):
        paused = super()._pause(source, ip=ip, user_agent=user_agent)
        if paused:
            self._saying(source, ip, user_agent).env["email.consent"].sudo()._record([self.email], "pause")
        return paused

    def _end_pause(self, source, ip=None, user_agent=None):
        ended = super()._end_pause(source, ip=ip, user_agent=user_agent)
        if ended:
            self._saying(source, ip, user_agent).env["email.consent"].sudo()._record([self.email], "resume")
        return ended

    def _saying(self, source, ip, user_agent):
        evidence = {"source": "page", "detail": source, "ip": ip, "user_agent": user_agent, "lang": self.lang}
        return self.with_context(email_consent={**evidence, **(self.env.context.get("email_consent") or {})})
