from odoo import api, models
from odoo.tools import ormcache

from ...tools.token import Signer

# What a link is for stands in its signature, so that one can't be turned into another.
OPEN, CLICK, OPT_OUT, RETURN_PATH, MESSAGE_ID = "open", "click", "opt-out", "return-path", "message-id"
VIEW = "view"

# The preference centre; and the pages of a list type as its editor looks at them.
PREFERENCES, PREVIEW = "preferences", "preview"
# In place of the id of a tracking URL: the hidden link, which only machines follow.
HIDDEN_LINK = 0


class EmailLink(models.AbstractModel):
    """Signed links and addresses that lead back to a recipient. The keys belong to this database alone."""

    _name = "email.link"
    _description = "Signed Email Links"

    @api.model
    @ormcache(cache="stable")
    def _signer(self):
        """Give what signs and reads; every worker forgets it when keys change (`email.link.key`)."""
        return Signer(*self.env["email.link.key"].sudo()._keys())

    @api.model
    def _recipient(self, purpose, token):
        """Give the recipient that `token` was made for, as superuser, or an empty record set."""
        return self._recipient_of(self._signer().read(purpose, token, 1))

    @api.model
    def _opt_out_at_once(self, token, ip, user_agent):
        """Opt out as the button of a mail program asks for (RFC 8058); give whether `token` names a recipient."""
        # One look tells whether it is there and the language of its company, and one reads the fields.
        recipient = self._at(self._signer().read(OPT_OUT, token, 1))._knowing_office()
        if not recipient:
            return False
        recipient.fetch(["email", "lang", "state", "list_type_id", "opted_out_at", "opted_out_scope"])
        source = recipient._speaking_to_company().env._("one click in the mail program")
        told = recipient.with_context(email_consent={"source": "mail_program"})
        told._opt_out(source, ip=ip, user_agent=user_agent)
        return True

    @api.model
    def _is_test(self, purpose, token):
        """Say whether `token` stands in a test email, where there is no recipient behind a link."""
        return self._signer().read(purpose, token, 1) == (0,)

    @api.model
    def _previewed(self, token):
        """Give the list type whose pages `token` was made to look at, as superuser, or an empty record set."""
        [list_type_id] = self._signer().read(PREVIEW, token, 1) or (0,)
        return self.env["email.list.type"].sudo().browse(list_type_id or ()).exists()

    @api.model
    def _recipient_of(self, ids):
        return self._at(ids).exists()

    @api.model
    def _at(self, ids):
        return self.env["email.campaign.recipient"].sudo().browse(ids[0] if ids and ids[0] else ())
