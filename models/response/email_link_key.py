import hashlib
import secrets
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import hmac

# Days that links go on working after their key was replaced, where nobody chose another number.
DAYS = 1825
FIRST = 1
# What a token has room for.
NUMBERS = 256


class EmailLinkKey(models.Model):
    """A key that links are signed with: one signs, those before it are still believed for a set time.

    There is no row until the first key is replaced. A key is made of the database's own secret and a salt, so that
    neither a copy of the table nor an old secret alone is enough to sign. Nobody reads a salt.
    """

    _name = "email.link.key"
    _description = "Key of Signed Email Links"
    _order = "id"

    number = fields.Integer(required=True, readonly=True, help="Stands in every token that it signed.")
    salt = fields.Char(readonly=True, groups=fields.NO_ACCESS)
    retired_at = fields.Datetime(readonly=True, help="When another key took its place; empty for the one that signs.")

    _number_unique = models.Constraint("UNIQUE(number)", "Each key has a number of its own.")

    @api.model
    def _keys(self):
        """Give ({number: key}, the number of the one that signs)."""
        rows = self.search([], limit=NUMBERS)
        if not rows:
            return {FIRST: self._made(FIRST, "")}, FIRST
        begin = self._expiry()
        keys = {
            key.number: self._made(key.number, key.salt or "")
            for key in rows
            if not key.retired_at or key.retired_at >= begin
        }
        return keys, rows.filtered(lambda key: not key.retired_at).number

    @api.model
    def _made(self, number, salt):
        secret = hmac(self.env(su=True), "email_campaign.link", (number, salt) if salt else number)
        return hashlib.sha256(secret.encode()).digest()

    @api.model
    def _days(self):
        return self.env["ir.config_parameter"]._email_campaign_number("email_campaign.key_days", DAYS)

    @api.model
    def _expiry(self):
        """Give the moment before which a key must have been replaced to be believed no more."""
        return fields.Datetime.now() - timedelta(days=self._days())

    @api.model
    def _replace(self):
        """Sign with a new key from now on; give the number of the one before.

        :raises UserError: when there is no number left, so many being still believed
        """
        # Two at once would leave two that sign.
        self.env.cr.execute("LOCK TABLE email_link_key IN SHARE ROW EXCLUSIVE MODE")
        self.env.invalidate_all()
        if not self.search_count([], limit=1):
            self.create({"number": FIRST})
        used = set(self.search([], limit=NUMBERS).mapped("number"))
        old = self.search([("retired_at", "=", False)])
        free = [number for number in ((old.number + n) % NUMBERS for n in range(1, NUMBERS)) if number not in used]
        if not free:
            raise UserError(
                self.env._(
                    "%(count)s keys are still believed, more are not possible. Let old links live on for less time.",
                    count=len(used),
                )
            )
        old.retired_at = fields.Datetime.now()
        self.create({"number": free[0], "salt": secrets.token_urlsafe(32)})
        self._forget()
        return old.number

    @api.autovacuum
    def _gc_expired(self):
        expired = self.search([("retired_at", "<", self._expiry())])
        if expired:
            expired.unlink()
            self._forget()

    def _forget(self):
        """Let all workers make their signer anew."""
        self.env.flush_all()
        self.env.registry.clear_cache("stable")
