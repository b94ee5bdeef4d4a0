import base64
import json
import logging
from codecs import BOM_UTF8
from collections import Counter
from itertools import islice

from psycopg2.errors import DeadlockDetected, SerializationFailure

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from odoo.addons.base.models.ir_qweb_fields import nl2br_enclose

from ....tools.csvfile import written
from ....tools.csvmapping import Entry, RefusedError
from .email_target_list_import import AT_ONCE
from .wording import REFUSED, refused

_logger = logging.getLogger(__name__)

PORTION = 2_000
#: Making contacts takes most of the time, which shall not be lost where it is interrupted.
PORTION_WITH_CONTACTS = 200
TRIES = 5
#: Where the wrong column was chosen as the address, all of a large file is refused.
REFUSED_BYTES = 20_000_000
REFUSED_PORTION = 500


class EmailTargetListImport(models.Model):
    """From the rows of the file to members, portion by portion."""

    _inherit = "email.target.list.import"

    def _start(self):
        # Who is on the list is found by address: by the one that the contact has now.
        self.env["email.target.list.member"]._refresh_from_records(self.list_id)
        if self.total_count <= AT_ONCE and not self.last_row:
            for rows in self._portions():
                self._import_rows(rows)
            self._finish("done")
        else:
            self.env.ref("email_campaign.cron_import").sudo()._trigger()

    @api.model
    def _cron_import(self):
        """Import what is to be imported, the oldest first, until all is done or the time is up."""
        while record := self.search([("state", "=", "running")], order="started_at, id", limit=1):
            if not record._run():
                return

    def _run(self):
        """Import portions with the rights of the user who began; tell whether there is time for more.

        What went wrong stops this import and no other.
        """
        user = self.user_id
        record = self.with_user(user).with_company(self.list_id.company_id)
        record = record.with_context(lang=user.lang or "en_US", allowed_company_ids=self.list_id.company_id.ids)
        try:
            # Odoo's own user is always inactive.
            if not user.active and not user._is_superuser():
                raise UserError(self.env._("%s may not log in any more.", user.name))
            for rows in record._portions():
                if not record._import_committing(rows):
                    return True
                remaining = max(self.total_count - self.done_count, 1)
                if not self.env["ir.cron"]._commit_progress(len(rows), remaining=remaining):
                    return False
            if record._lock_running():
                record._finish("done")
        except (UserError, AccessError) as error:
            self.env.cr.rollback()
            self._fail(str(error))
        except (SerializationFailure, DeadlockDetected):
            # Others were in the way, next time perhaps not.
            raise
        except Exception:
            # Where the connection is lost, there is none to roll back: that ends the job.
            self.env.cr.rollback()
            _logger.exception("import %s stopped", self.id)
            self._fail(self.env._("Something went wrong that no row can be blamed for. The server's log says what."))
        return bool(self.env["ir.cron"]._commit_progress(0, remaining=self.search_count([("state", "=", "running")])))

    def _fail(self, text):
        self.invalidate_recordset()
        if self.exists() and self.state == "running":
            self.with_user(self.user_id).with_context(lang=self.user_id.lang)._finish("failed", text)

    def _portions(self):
        """Give lists of rows, from where it stopped."""
        rows = self._read_table().rows(self.last_row)
        size = PORTION_WITH_CONTACTS if self.contacts == "create" else PORTION
        while portion := list(islice(rows, size)):
            yield portion

    def _import_committing(self, rows):
        """Import one portion, again where others were in the way; tell whether the import still runs."""
        for left in reversed(range(TRIES)):
            try:
                if not self._lock_running():
                    return False
                self._import_rows(rows)
                self.env.flush_all()
                return True
            except (SerializationFailure, DeadlockDetected):
                self.env.cr.rollback()
                self.env.invalidate_all(flush=False)
                if not left:
                    raise
        return False

    def _lock_running(self):
        """Tell whether the import is to go on; until the end of the transaction nobody can stop it then."""
        self.invalidate_recordset(flush=False)
        rows = self.env.execute_query(
            SQL("SELECT state FROM email_target_list_import WHERE id = %s FOR NO KEY UPDATE", self.id)
        )
        return rows == [("running",)]

    def _import_rows(self, rows):
        """Import some rows and note how far it came, as one whole."""
        self.list_id._check_fillable()
        self.list_id._hold()
        taken, refusals = self._judged(rows)
        made = 0
        if self.contacts == "create":
            made, failed = self._make_contacts(self._merged(taken))
            for row, entries in taken:
                if reason := next((failed[entry.email] for entry in entries if entry.email in failed), ""):
                    refusals.append((row, reason))
            taken = [(row, entries) for row, entries in taken if not any(entry.email in failed for entry in entries)]
        merged = self._merged(taken)
        outcomes = self.env["email.target.list.member"]._import_entries(self, merged) if merged else {}
        counts = Counter(self._row_outcomes(taken, outcomes))
        counts["refused"] = len(refusals)
        self._keep_refusals(refusals)
        values = {f"{name}_count": self[f"{name}_count"] + count for name, count in counts.items()}
        self.sudo().write({**values, "contact_count": self.contact_count + made, "last_row": rows[-1].number})

    def _judged(self, rows):
        """Give ([(row, its entries)], [(row, why it is refused)])."""
        judge = self._judge()
        taken, refusals = [], []
        for row in rows:
            try:
                taken.append((row, judge.entries(row)))
            except RefusedError as error:
                refusals.append((row, refused(self.env, error)))
        return taken, refusals

    @staticmethod
    def _merged(taken):
        """Give the entries of some rows, one for each address; what a later row tells goes before."""
        merged = {}
        for _row, entries in taken:
            for entry in entries:
                if known := merged.get(entry.email):
                    entry = Entry(
                        entry.email,
                        entry.name or known.name,
                        entry.lang or known.lang,
                        {**known.values, **entry.values},
                        {**known.contact, **entry.contact},
                    )
                merged[entry.email] = entry
        return list(merged.values())

    @staticmethod
    def _row_outcomes(taken, outcomes):
        """Give for each row what became of it: the most that became of one of its addresses."""
        seen = set()
        for _row, entries in taken:
            found = {"repeated" if entry.email in seen else outcomes.get(entry.email, "unchanged") for entry in entries}
            seen.update(entry.email for entry in entries)
            yield next(outcome for outcome in ("added", "updated", "unchanged", "repeated") if outcome in found)

    def _make_contacts(self, entries):
        """Make contacts for those addresses that nobody has; give (how many, {address: why it could not be made})."""
        new = self.env["email.target.list.member"]._without_contact(self, [entry.email for entry in entries])
        entries = [entry for entry in entries if entry.email in new]
        try:
            with self.env.cr.savepoint():
                self._contact_model().create([self._contact_values(entry) for entry in entries])
            return len(entries), {}
        except UserError:
            # One of them is the reason; by itself it is found.
            _logger.info("import %s: making contacts one by one", self.id)
        failed = {}
        for entry in entries:
            try:
                with self.env.cr.savepoint():
                    self._contact_model().create(self._contact_values(entry))
            except UserError as error:
                failed[entry.email] = REFUSED["contact"](self.env, str(error))
        return len(entries) - len(failed), failed

    def _contact_model(self):
        """Give the model without what nobody wants of thousands at once: followers, notes, mails."""
        return self.env["res.partner"].with_context(
            tracking_disable=True, mail_create_nosubscribe=True, mail_create_nolog=True, no_vat_validation=True
        )

    @staticmethod
    def _contact_values(entry):
        values = {
            **entry.contact,
            "name": entry.name or entry.email,
            "email": entry.email,
            "is_email_contact": False,
            "is_email_list_contact": True,
        }
        if comment := entry.contact.get("comment"):
            # A field of HTML; what is in a file is text.
            values["comment"] = nl2br_enclose(comment)
        return {**values, "lang": entry.lang} if entry.lang else values

    def _keep_refusals(self, refusals):
        if refusals:
            self.env.cr.execute(
                SQL(
                    """
                    INSERT INTO email_target_list_import_refusal (import_id, row, reason, cells)
                         SELECT %s, r.* FROM unnest(%s, %s::varchar[], %s::jsonb[]) AS r (row, reason, cells)
                    """,
                    self.id,
                    [row.number for row, _reason in refusals],
                    [reason for _row, reason in refusals],
                    [json.dumps(row.cells) for row, _reason in refusals],
                )
            )

    def _finish(self, state, error=False):
        """End it, with the file of the refused rows, a note on the list, and a word to whoever began it."""
        content, count = self._refused_content()
        self.sudo().write(
            {
                "state": state,
                "error": error,
                "finished_at": fields.Datetime.now(),
                "refused_file": content,
                "refused_file_count": count,
            }
        )
        text = self._result_text()
        # By whoever may not change the list any more, too.
        self.list_id.sudo().message_post(body=text, author_id=self.user_id.partner_id.id)
        self.user_id._bus_send(
            "simple_notification",
            {"type": "success" if state == "done" else "warning", "title": self.list_id.name, "message": text},
        )

    def _refused_content(self):
        """Give the file of the refused rows in base64, and how many are in it: no more than a spreadsheet bears.

        What could be run in it is neutralised.
        """
        if not self.refused_count:
            return False, 0
        header = [*self.column_ids.sorted("position").mapped("name"), *self._refused_heads()]
        data, count = bytearray(written([header], self.separator)), 0
        for lines in self._refused_lines(len(header) - 2):
            data += written(lines, self.separator).removeprefix(BOM_UTF8)
            count += len(lines)
            if len(data) >= REFUSED_BYTES:
                break
        return base64.b64encode(data), count

    def _refused_lines(self, width):
        """Give lists of refused rows as they are in the file that has `width` columns."""
        query = """
            SELECT row, id, reason, cells FROM email_target_list_import_refusal
             WHERE import_id = %s AND (row, id) > (%s, %s) ORDER BY row, id LIMIT %s
        """
        last = (0, 0)
        while rows := self.env.execute_query(SQL(query, self.id, *last, REFUSED_PORTION)):
            last = rows[-1][:2]
            # A row that could not be cut into cells is all in the first; what is beyond the columns comes last.
            yield [
                [*(cells + [""] * width)[:width], reason, str(row), *cells[width:]] for row, _id, reason, cells in rows
            ]

    def _refused_heads(self):
        return [self.env._("Refused because"), self.env._("Row in file")]

    def _result_text(self):
        labels = {name: self._fields[f"{name}_count"]._description_string(self.env) for name in self._counts()}
        counts = ", ".join(f"{labels[name].lower()} {count:,}" for name, count in self._counts().items() if count)
        state = dict(self._fields["state"]._description_selection(self.env))[self.state]
        text = self.env._(
            "Import of “%(file)s”, %(state)s: %(counts)s.",
            file=self.name,
            state=state.lower(),
            counts=counts or self.env._("no rows"),
        )
        if self.refused_file_count < self.refused_count:
            text += " " + self.env._(
                "The file of refused rows has the first %s of them.", f"{self.refused_file_count:,}"
            )
        return text
