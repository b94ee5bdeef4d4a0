from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.http import request
from odoo.tools import SQL

from ...unchecked import UncheckedMany2one

ACTIONS = [
    ("opt_in_requested", "Asked to Subscribe"),
    ("opt_in_confirmed", "Confirmed by Email"),
    ("opt_in", "Opted In"),
    ("opt_out", "Opted Out"),
    ("pause", "Paused"),
    ("resume", "Resumed"),
    ("expire", "Did Not Confirm"),
    ("import", "Imported"),
    ("erase", "Erased"),
    ("restored", "Opt-out Taken Back"),
]
SOURCES = [
    ("form", "Subscribe Form"),
    ("confirmation", "Link in the Confirmation Email"),
    ("page", "Opt-out or Preference Page"),
    ("mail_program", "Mail Program (One Click)"),
    ("complaint", "Spam Complaint"),
    ("portal", "Newsletters of a User"),
    ("import", "Import"),
    ("hand", "By Hand"),
    ("system", "By Itself"),
]
#: What the context key `email_consent` may say of what is about to be written down.
EVIDENCE = {"action", "source", "detail", "ip", "user_agent", "text_id", "lang", "user_id"}
MAX_TEXT = 500


class EmailConsent(models.Model):
    """The ledger of consent: what the owner of an address agreed to and refused, when, where, and by what words.

    Rows are added and never changed: the database itself refuses. It lets one thing through, which is taking the
    person out of a row (`email.erasure`): the keyed hash of the address stays. No list type means all email.

    Whoever changes what an address gets says how it came about by the context key `email_consent`, a dict of some of
    `EVIDENCE`; `_record` adds the rest.
    """

    _name = "email.consent"
    _description = "Consent Ledger"
    _rec_name = "email"
    _order = "id desc"
    _log_access = False

    at = fields.Datetime("When", required=True, readonly=True)
    email = fields.Char(readonly=True, help="Empty once the person was erased.")
    address_hash = fields.Char("Keyed Hash", required=True, readonly=True, index=True, export_string_translation=False)
    # None has a foreign key: nothing that is deleted may touch the ledger.
    list_type_id = UncheckedMany2one("email.list.type", readonly=True, help="Empty: all email.")
    action = fields.Selection(ACTIONS, required=True, readonly=True)
    source = fields.Selection(SOURCES, required=True, readonly=True)
    detail = fields.Char(readonly=True)
    text_id = UncheckedMany2one("email.consent.text", "Text Shown", readonly=True)
    text_version = fields.Integer(related="text_id.version")
    lang = fields.Char("Language of the Text", readonly=True)
    ip = fields.Char("IP Address", readonly=True)
    user_agent = fields.Char(readonly=True)
    user_id = UncheckedMany2one("res.users", "Actor", readonly=True, help="Who was logged in and did it.")
    company_id = UncheckedMany2one("res.company", readonly=True)

    _email_index = models.Index("(email) WHERE email IS NOT NULL")
    _text_index = models.Index("(text_id) WHERE text_id IS NOT NULL")
    _at_index = models.Index("USING brin (at)")

    def init(self):
        """Have the database keep the rows, whoever wants to change them.

        A migration that must touch old rows disables the trigger for that, and says so.
        """
        result = super().init()
        self.env.cr.execute(
            """
            CREATE OR REPLACE FUNCTION email_consent_keep() RETURNS trigger LANGUAGE plpgsql AS $$
            DECLARE
                person CONSTANT text[] := ARRAY['email', 'detail', 'ip', 'user_agent', 'user_id'];
            BEGIN
                IF TG_OP = 'UPDATE' THEN
                    IF to_jsonb(NEW) - person = to_jsonb(OLD) - person
                       AND NEW.email IS NULL AND NEW.detail IS NULL AND NEW.ip IS NULL AND NEW.user_agent IS NULL
                       AND (NEW.user_id IS NULL OR NEW.user_id = OLD.user_id) THEN
                        RETURN NEW;
                    END IF;
                END IF;
                RAISE EXCEPTION 'The consent ledger is append-only: % refused', TG_OP
                      USING ERRCODE = 'restrict_violation';
            END $$;
            DROP TRIGGER IF EXISTS email_consent_keep_rows ON email_consent;
            DROP TRIGGER IF EXISTS email_consent_keep_table ON email_consent;
            CREATE TRIGGER email_consent_keep_rows BEFORE UPDATE OR DELETE ON email_consent
                   FOR EACH ROW EXECUTE FUNCTION email_consent_keep();
            CREATE TRIGGER email_consent_keep_table BEFORE TRUNCATE ON email_consent
                   FOR EACH STATEMENT EXECUTE FUNCTION email_consent_keep();
            """
        )
        return result

    def _compute_display_name(self):
        labels = dict(self._fields["action"]._description_selection(self.env))
        for consent in self:
            consent.display_name = f"{labels[consent.action]}: {consent.email or self.env._('erased')}"

    # The database refuses too, but in fewer words.
    @api.model_create_multi
    def create(self, vals_list):  # pylint: disable=method-required-super
        raise self._refusal()

    def write(self, vals):  # pylint: disable=method-required-super
        raise self._refusal()

    def unlink(self):  # pylint: disable=method-required-super
        """Refuse, as the database would."""
        raise self._refusal()  # pylint: disable=no-raise-unlink

    def _refusal(self):
        return AccessError(
            self.env._(
                "The consent ledger is evidence: nothing in it is made, changed or deleted by hand. What somebody says "
                "is written down by opting them in or out; a person's request for erasure has a dialog of its own."
            )
        )

    @api.model
    def _view_of(self, email):
        """Give the action that shows what the owner of `email` (normalised) agreed to and refused."""
        action = self.env["ir.actions.actions"]._for_xml_id("email_campaign.email_consent_action")
        action.update(domain=[("email", "=", email)], display_name=self.env._("Consent of %s", email or ""))
        return action

    @api.model
    def _record(self, emails, action, list_type=None):
        """Write down that the owners of `emails` did `action`, in one statement.

        :param emails: normalised addresses, or SQL for a query of one column with them
        :param list_type: what it is about, nothing for all email; with SQL for `emails` the query may have the id of
            the list type as a second column instead
        """
        self.env.cr.execute(self._recording(emails, action, list_type))

    @api.model
    def _recording(self, emails, action, list_type=None):
        """Give the statement of `_record`, to be run at once."""
        evidence = {**self._visitor(), **(self.env.context.get("email_consent") or {})}
        if unknown := set(evidence) - EVIDENCE:
            raise ValueError(f"email_consent: {unknown}")
        by_row = isinstance(emails, SQL) and list_type is None
        query = emails if isinstance(emails, SQL) else SQL("SELECT unnest(%s::varchar[])", list(emails))
        self.env.flush_all()
        self.invalidate_model(flush=False)
        return SQL(
            """
            INSERT INTO email_consent (at, email, address_hash, list_type_id, company_id, action, source, detail,
                                       text_id, lang, ip, user_agent, user_id)
                 SELECT now() AT TIME ZONE 'utc', said.email, %(hash)s, t.id, t.company_id, %(action)s, %(source)s,
                        %(detail)s, %(text)s, %(lang)s, %(ip)s, %(user_agent)s, %(user)s
                   FROM (%(query)s) AS said (%(columns)s)
              LEFT JOIN email_list_type t ON t.id = %(list_type)s
            """,
            hash=self.env["email.address.hash"]._hash(SQL("said.email")),
            query=query,
            columns=SQL("email, list_type_id") if by_row else SQL("email"),
            list_type=SQL("said.list_type_id") if by_row else (list_type.id if list_type else None) or None,
            action=evidence.get("action", action),
            source=evidence.get("source") or ("hand" if self._actor() else "system"),
            detail=_shortened(evidence.get("detail")),
            text=evidence.get("text_id") or None,
            lang=evidence.get("lang") or None,
            ip=_shortened(evidence.get("ip")),
            user_agent=_shortened(evidence.get("user_agent")),
            user=evidence.get("user_id") or self._actor(),
        )

    @api.model
    def _only_complained(self, pairs):
        """Give those `pairs` of an address and the id of a list type, None for all email, that opted out by complaint.

        Their owner has not said so yet, as far as the ledger has it. None where it is a complaint that is told now.
        """
        if not pairs or (self.env.context.get("email_consent") or {}).get("source") == "complaint":
            return []
        emails, list_type_ids = zip(*pairs, strict=True)
        return self.env.execute_query(
            SQL(
                """
                SELECT p.email, p.list_type_id
                  FROM unnest(%s::varchar[], %s::int[]) AS p (email, list_type_id),
                       LATERAL (SELECT c.action, c.source FROM email_consent c
                                 WHERE c.email = p.email AND c.list_type_id IS NOT DISTINCT FROM p.list_type_id
                                   AND c.action IN ('opt_in', 'opt_in_confirmed', 'opt_out', 'restored')
                                 ORDER BY c.id DESC LIMIT 1) AS last
                 WHERE last.action = 'opt_out' AND last.source = 'complaint'
                """,
                list(emails),
                list(list_type_ids),
            )
        )

    @api.model
    def _visitor(self):
        """Give what is known of who asks for a public page, where nobody says more."""
        if not request or not self.env.user._is_public():
            return {}
        asked = request.httprequest
        return {"source": "page", "ip": asked.remote_addr, "user_agent": asked.headers.get("User-Agent")}

    @api.model
    def _actor(self):
        """Give the id of the person who is logged in, None for visitors and for jobs."""
        user = self.env.user
        return None if user._is_public() or user._is_superuser() else user.id

    @api.model
    def _told(self, **evidence):
        """Give the ledger with more to say of how it comes about, and rights to write; what was said goes before."""
        said = {name: value for name, value in evidence.items() if value}
        return self.sudo().with_context(email_consent={**said, **(self.env.context.get("email_consent") or {})})


def _shortened(text):
    return "".join(char if char.isprintable() else " " for char in text)[:MAX_TEXT] if text else None
