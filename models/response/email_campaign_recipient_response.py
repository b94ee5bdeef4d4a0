from odoo import models
from odoo.tools import SQL

from ...tools import visitor


class EmailCampaignRecipient(models.Model):
    """What a recipient does with an email, written down: evidence that it arrived, opting out and in again."""

    _inherit = "email.campaign.recipient"

    def _settle_by_evidence(self):
        """Take these for sent where that was in doubt: something came back that only who got it can have caused."""
        self.flush_recordset(["state"])
        settled = self.env.execute_query(
            SQL(
                """
                WITH settled AS (
                    UPDATE email_campaign_recipient
                       SET state = 'sent', worker = NULL, sent_at = now() AT TIME ZONE 'utc' - %(soon)s * interval '1 s'
                     WHERE id = ANY(%(ids)s) AND state = 'in_doubt' RETURNING id, mailing_id
                )
                INSERT INTO email_campaign_event (mailing_id, campaign_id, recipient_id, kind, at, detail)
                     SELECT s.mailing_id, m.campaign_id, s.id, 'sent', now() AT TIME ZONE 'utc', %(detail)s
                       FROM settled s JOIN email_campaign_mailing m ON m.id = s.mailing_id ORDER BY s.id
                  RETURNING id
                """,
                # When it was sent nobody knows; not so late that what the person does now would be too soon.
                soon=self.env["email.visit"]._rules()["soon"],
                ids=self.ids,
                detail=self[:1]._speaking_to_company().env._("known from what came back"),
            )
        )
        if settled:
            self.invalidate_recordset()
            self.env["email.campaign.event"].invalidate_model(flush=False)

    def _opt_out(self, source, everything=False, ip=None, user_agent=None, **told):
        """Opt the owner of one recipient's address out of the list type it came by, or of all email.

        :param told: further values of the event: reason and comment, reference of the message that asked for it
        :return: whether this changed anything, or said what only a complaint had said; asking twice does no harm
        """
        self.ensure_one()
        if self.state == "in_doubt":
            self._settle_by_evidence()
        office = self._speaking_to_company()
        list_type = office._list_type()
        everything = everything or not list_type
        if everything:
            blacklist = self.env["mail.blacklist"].sudo()
            changed = not blacklist._of_address(self.email)
            # It was a complaint so far; now it is their own word.
            changed = changed or bool(self.env["email.consent"].sudo()._only_complained([(self.email, None)]))
            blacklist._add(self.email, message=office.env._("Opted out of all email: %s", source))
            if changed:
                blacklist._of_address(self.email).by_owner = True
        else:
            changed = self.env["email.subscription"]._set_state(self.email, list_type, "opted_out", source)
        if changed:
            detail = office.env._("all email") if everything else self._name_in_office(list_type)
            stamps = SQL(
                # Who opted out of everything before is still on the blacklist by this email: undoing takes that back
                # too.
                """
                opted_out_at = coalesce(r.opted_out_at, now() AT TIME ZONE 'utc'),
                opted_out_scope = CASE WHEN r.opted_out_scope = 'everything' THEN r.opted_out_scope ELSE %s END
                """,
                "everything" if everything else "type",
            )
            self._log_consent("opt_out", detail, ip, user_agent, stamps=stamps, **told)
        return changed

    def _opt_in_again(self, source, ip=None, user_agent=None):
        """Take back the opt-out that was made with this email.

        Somebody who was put on the blacklist in another way stays there: that is not this link's to undo.

        :return: whether there was anything to take back
        """
        self.ensure_one()
        if not self.opted_out_at:
            return False
        office = self._speaking_to_company()
        list_type = office._list_type()
        if self.opted_out_scope == "everything":
            detail = office.env._("all email")
            blacklist = self.env["mail.blacklist"].sudo()
            if blacklist._of_address(self.email).by_owner:
                blacklist._remove(self.email, message=office.env._("Opted in again: %s", source))
        else:
            detail = list_type.name
        subscriptions = self.env["email.subscription"].sudo()
        refused = [("email", "=", self.email), ("list_type_id", "=", list_type.id), ("state", "=", "opted_out")]
        if subscriptions.search_count(refused):
            subscriptions._set_state(self.email, list_type, "opted_in", source)
        self._log_consent("opt_in", detail, ip, user_agent)
        self.write({"opted_out_at": False, "opted_out_scope": False})
        return True

    def _speaking_to_company(self):
        """Give the recipient in the company's language: what is written on record is for the people who work there."""
        _asked, lang = self._knowing_office().env.context.get("email_office") or (None, None)
        return self.with_context(lang=lang or self.env.lang)

    def _knowing_office(self):
        """Give the recipient with its company's language in mind, so that this is looked up once; none that is gone.

        It stands in the context together with whose it is: a context is passed on to other records.
        """
        asked, _lang = self.env.context.get("email_office") or (None, None)
        if not self.id or asked == self.id:
            return self
        rows = self.env.execute_query(
            # Three records with all their fields are what takes longest of an opt-out. As a join it is planned longer.
            SQL(
                """
                SELECT (SELECT p.lang FROM res_partner p WHERE p.id = (
                            SELECT c.partner_id FROM res_company c WHERE c.id = (
                                SELECT m.company_id FROM email_campaign_mailing m WHERE m.id = r.mailing_id)))
                  FROM email_campaign_recipient r
                 WHERE r.id = %s
                """,
                self.id,
            )
        )
        return self.with_context(email_office=(self.id, rows[0][0])) if rows else self.browse()

    def _log_consent(self, kind, detail, ip, user_agent, **told):
        self.env["email.campaign.event"]._log(
            self, kind, verdict="human", detail=detail, ip=ip, user_agent=visitor.recorded(user_agent), **told
        )

    @staticmethod
    def _name_in_office(list_type):
        """Give SQL for the name of `list_type`: nothing else is asked of it."""
        return SQL(
            "(SELECT %s FROM email_list_type t WHERE t.id = %s)", list_type._field_to_sql("t", "name"), list_type.id
        )

    def _list_type(self):
        """Give the list type that the email came by: what its opt-out is about."""
        return self.list_type_id

    def _page_lang(self):
        """Give the language for a page shown to this recipient."""
        installed = [code for code, _name in self.env["res.lang"].get_installed()]
        company_lang = self.mailing_id.company_id.partner_id.lang
        return next((lang for lang in (self.lang, company_lang) if lang in installed), installed[0])

    def _masked_email(self):
        """Give the address as it may be shown to whoever has the link, an email having been forwarded."""
        local, at, domain = self.email.rpartition("@")
        return f"{local[:2]}•••{at}{domain}"
