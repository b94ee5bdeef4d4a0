from odoo import models
from odoo.tools import SQL, format_date


class EmailCampaignRecipient(models.Model):
    """What the owner of an address chooses: which emails, a break, none at all. Everything can be taken back."""

    _inherit = "email.campaign.recipient"

    def _choices(self):
        """Give {list type: whether its emails reach this address} of those that its owner may choose.

        What nobody said anything about reaches those who are on a list of that type, and who got this email by it.
        """
        self.ensure_one()
        offered = self.env["email.list.type"]._offered(self.mailing_id.company_id) | self.list_type_id.exists()
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT t.id,
                       CASE s.state WHEN 'opted_in' THEN TRUE WHEN 'opted_out' THEN FALSE WHEN 'pending' THEN FALSE
                            ELSE t.id = %(own)s OR EXISTS (
                                SELECT FROM email_target_list l
                                  JOIN email_target_list_member m
                                       ON m.list_id = l.id AND m.email_normalized = %(email)s AND m.state = 'subscribed'
                                 WHERE l.list_type_id = t.id AND l.company_id = %(company)s AND l.active)
                       END
                  FROM email_list_type t
             LEFT JOIN email_subscription s ON s.list_type_id = t.id AND s.email = %(email)s
                 WHERE t.id = ANY(%(offered)s)
                """,
                own=self.list_type_id.id or 0,
                email=self.email,
                company=self.mailing_id.company_id.id,
                offered=offered.ids,
            )
        )
        reached = dict(rows)
        return {list_type: reached[list_type.id] for list_type in offered.sorted(lambda t: (t.sequence, t.id))}

    def _choose(self, wanted, source, **visitor):
        """Opt in to and out of list types.

        :param wanted: {id of a list type: whether its emails are wanted}; what may not be chosen is passed over
        :return: {list type: whether it is wanted} of those for which this changed anything
        """
        changed = {}
        for list_type, reached in self._choices().items():
            want = wanted.get(list_type.id, reached)
            if want != reached and self._choose_one(list_type, want, source, **visitor):
                changed[list_type] = want
        return changed

    def _choose_one(self, list_type, want, source, ip=None, user_agent=None):
        if list_type == self.list_type_id and not want:
            return self._opt_out(source, ip=ip, user_agent=user_agent)
        if list_type == self.list_type_id and self.opted_out_scope == "type":
            return self._opt_in_again(source, ip=ip, user_agent=user_agent)
        office = self._speaking_to_company()
        state = "opted_in" if want else "opted_out"
        if not self.env["email.subscription"].sudo()._set_state(self.email, list_type, state, source):
            return False
        if want:
            self._join_subscribers(list_type)
        detail = list_type.with_env(office.env).sudo().name
        self._log_consent("opt_in" if want else "opt_out", detail, ip, user_agent)
        return True

    def _join_subscribers(self, list_type):
        """Put the address on the list of subscribers, unless it is on a list of that type: what is ticked must come."""
        company = self.mailing_id.company_id
        if list_type.subscriber_list_id.company_id == company and not self._on_list_of(list_type, company):
            list_type._add_subscriber(self.email, self.name, self.lang)

    def _on_list_of(self, list_type, company):
        return (
            self.env["email.target.list.member"]
            .sudo()
            .search_count(
                [
                    ("email_normalized", "=", self.email),
                    ("state", "=", "subscribed"),
                    ("list_id.list_type_id", "=", list_type.id),
                    ("list_id.company_id", "=", company.id),
                    ("list_id.active", "=", True),
                ],
                limit=1,
            )
        )

    def _blacklisting(self):
        """Give (whether no email at all reaches this address, whether its owner may take that back here)."""
        entry = self.env["mail.blacklist"].sudo()._of_address(self.email)
        return bool(entry), entry.by_owner

    def _come_back(self, source, ip=None, user_agent=None):
        """Take an opt-out of all email back, if the owner of the address made it; give whether that was so."""
        blacklisted, own = self._blacklisting()
        if not blacklisted or not own:
            return False
        office = self._speaking_to_company()
        blacklist = self.env["mail.blacklist"].sudo()
        blacklist._remove(self.email, message=office.env._("Opted in again: %s", source))
        self._log_consent("opt_in", office.env._("all email"), ip, user_agent)
        if self.opted_out_scope == "everything":
            self.write({"opted_out_at": False, "opted_out_scope": False})
        return True

    def _pause(self, source, ip=None, user_agent=None):
        """Let no mass email of the company reach this address for a while; give whether that is new."""
        until = self.env["email.pause"].sudo()._begin(self.email, self.mailing_id.company_id)
        if until:
            office = self._speaking_to_company().env
            detail = office._("until %(day)s: %(where)s", day=format_date(office, until), where=source)
            self._log_consent("pause", detail, ip, user_agent)
        return bool(until)

    def _end_pause(self, source, ip=None, user_agent=None):
        """End that before its time; give whether there was a pause."""
        ended = self.env["email.pause"].sudo()._end(self.email, self.mailing_id.company_id)
        if ended:
            office = self._speaking_to_company().env
            self._log_consent("resume", office._("ended: %s", source), ip, user_agent)
        return ended

    def _paused_until(self):
        return self.env["email.pause"].sudo()._until(self.email, self.mailing_id.company_id)

    def _opted_out_now(self):
        """Give "everything" or "type" if this email would not be sent today for that reason, else nothing."""
        if self._blacklisting()[0]:
            return "everything"
        refused = [("email", "=", self.email), ("list_type_id", "=", self.list_type_id.id), ("state", "=", "opted_out")]
        subscriptions = self.env["email.subscription"].sudo()
        return "type" if self.list_type_id and subscriptions.search_count(refused, limit=1) else ""
