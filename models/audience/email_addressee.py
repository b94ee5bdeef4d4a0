from odoo import api, fields, models


class EmailAddressee(models.AbstractModel):
    """What can be written to: the records of a model that have an email address.

    A model that takes part inherits this and says with `_email_addressee_query` where its addresses stand.
    """

    _name = "email.addressee"
    _description = "Email Addressee"

    def _email_addressee_field(self):
        """Give the name of the field with the normalised address; a path is allowed."""
        return "email_normalized"

    @api.model
    def _email_addressee_query(self):
        """Give a query of the columns id, name, email, email_normalized, lang, partner_id, company_id, active."""
        raise NotImplementedError

    def unlink(self):
        """Take deleted records off the lists. One that was merged into another stays there as that one."""
        members = self.env["email.target.list.member"].sudo()
        gone = fields.Domain("res_model", "=", self._name) & fields.Domain("res_id", "in", self.ids)
        if self._name == "res.partner":
            gone &= fields.Domain("partner_id", "in", [*self.ids, False])
        members.search(gone).unlink()
        return super().unlink()
