from odoo import models

from ..erased import ERASED_DOMAIN


class EmailCampaignRecipient(models.Model):
    """What a recipient says goes into the ledger of consent with where it was said."""

    _inherit = "email.campaign.recipient"

    def _opt_out(self, source, *args, ip=None, user_agent=None, **kwargs):
        if self._is_erased():
            return False
        said = self._saying(source, ip, user_agent)
        return super(EmailCampaignRecipient, said)._opt_out(source, *args, ip=ip, user_agent=user_agent, **kwargs)

    def _opt_in_again(self, source, *args, ip=None, user_agent=None, **kwargs):
        if self._is_erased():
            return False
        said = self._saying(source, ip, user_agent)
        return super(EmailCampaignRecipient, said)._opt_in_again(source, *args, ip=ip, user_agent=user_agent, **kwargs)

    def _choose_one(self, list_type, want, source, ip=None, user_agent=None):
        return not self._is_erased() and super()._choose_one(list_type, want, source, ip=ip, user_agent=user_agent)

    def _pause(self, source, ip=None, user_agent=None):
        if self._is_erased():
            return False
        paused = super()._pause(source, ip=ip, user_agent=user_agent)
        if paused:
            self._saying(source, ip, user_agent).env["email.consent"].sudo()._record([self.email], "pause")
        return paused

    def _end_pause(self, source, ip=None, user_agent=None):
        ended = super()._end_pause(source, ip=ip, user_agent=user_agent)
        if ended:
            self._saying(source, ip, user_agent).env["email.consent"].sudo()._record([self.email], "resume")
        return ended

    def _is_erased(self):
        """Whether nobody stands behind this row any more: the links of such a mail write nothing down."""
        return self.email.endswith(f"@{ERASED_DOMAIN}")

    def _saying(self, source, ip, user_agent):
        evidence = {"source": "page", "detail": source, "ip": ip, "user_agent": user_agent, "lang": self.lang}
        return self.with_context(email_consent={**evidence, **(self.env.context.get("email_consent") or {})})
