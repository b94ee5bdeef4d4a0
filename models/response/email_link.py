import hashlib

from odoo import api, models
from odoo.tools import hmac

from ...tools.token import Signer

CURRENT_KEY = 1
# What a link is for stands in its signature, so that one can't be turned into another.
OPEN, CLICK, OPT_OUT, RETURN_PATH, MESSAGE_ID = "open", "click", "opt-out", "return-path", "message-id"
VIEW = "view"

# The preference centre; and the pages of a list type as its editor looks at them.
PREFERENCES, PREVIEW = "preferences", "preview"


class EmailLink(models.AbstractModel):
    """Signed links and addresses that lead back to a recipient. The key belongs to this database alone."""

    _name = "email.link"
    _description = "Signed Email Links"

    @api.model
    def _signer(self):
        secret = hmac(self.env(su=True), "email_campaign.link", CURRENT_KEY)
        return Signer({CURRENT_KEY: hashlib.sha256(secret.encode()).digest()}, CURRENT_KEY)

    @api.model
    def _recipient(self, purpose, token):
        """Give the recipient that `token` was made for, as superuser, or an empty record set."""
        return self._recipient_of(self._signer().read(purpose, token, 1))

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
    def _click(self, purpose, token):
        """Give (recipient, tracking URL) that `token` was made for; either may be empty, or deleted since."""
        recipient_id, url_id = self._signer().read_family(purpose, token) or (0, 0)
        return self._recipient_of((recipient_id,)), self.env["email.tracking.url"].sudo().browse(url_id or ()).exists()

    @api.model
    def _recipient_of(self, ids):
        return self.env["email.campaign.recipient"].sudo().browse(ids[0] if ids and ids[0] else ()).exists()
