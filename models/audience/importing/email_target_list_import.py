from functools import partial

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL, formatLang

from .wording import WRONG_FILE

MAX_BYTES = 100_000_000
#: So many rows are imported while the user waits.
AT_ONCE = 2_000
#: What a person may set; everything else is found out.
EDITABLE = {
    "list_id",
    "name",
    "file",
    "encoding",
    "separator",
    "has_header",
    "contacts",
    "update_existing",
    "column_ids",
}
ENCODINGS = [
    ("utf-8", "Unicode (UTF-8)"),
    ("utf-16-le", "Unicode (UTF-16)"),
    ("utf-16-be", "Unicode (UTF-16, big-endian)"),
    ("windows-1252", "Western European (Windows-1252)"),
    ("iso8859-15", "Western European (ISO 8859-15)"),
    ("windows-1250", "Central European (Windows-1250)"),
    ("windows-1251", "Cyrillic (Windows-1251)"),
    ("windows-1253", "Greek (Windows-1253)"),
    ("windows-1254", "Turkish (Windows-1254)"),
    ("mac-roman", "Western European (Macintosh)"),
    ("shift_jis", "Japanese (Shift JIS)"),
    ("gb18030", "Chinese (GB 18030)"),
]


class EmailTargetListImport(models.Model):
    """A file of addresses on its way to a target list.

    ========= ========================================== ===============================================
    state     set by                                     what follows
    ========= ========================================== ===============================================
    draft     made, or another file is wanted            the file is read
    ready     the file was read                          a person says what the columns are, and imports
    running   a person imports                           the scheduled job goes on until all is done
    done      all rows were dealt with                   nothing
    failed    something that no row can be blamed for    a person may let it go on where it stopped
    cancelled a person                                   a person may let it go on where it stopped
    ========= ========================================== ===============================================

    A row is taken or refused as a whole. Each portion of rows is committed together with how far it came, so that
    after any interruption nothing is imported twice and nothing is left out.
    """

    _name = "email.target.list.import"
    _description = "Import into a Target List"
    _order = "id DESC"

    list_id = fields.Many2one("email.target.list", "Target List", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="list_id.company_id")
    user_id = fields.Many2one("res.users", "Imported by", readonly=True, help="With whose rights it is imported.")
    name = fields.Char("File Name", default=lambda self: self.env._("Import"))
    file = fields.Binary(attachment=True, help="A file with one row for each address, as CSV or text with tabs.")
    state = fields.Selection(
        [
            ("draft", "File"),
            ("ready", "Columns"),
            ("running", "Importing"),
            ("done", "Done"),
            ("failed", "Failed"),
            ("cancelled", "Stopped"),
        ],
        default="draft",
        required=True,
        readonly=True,
    )
    error = fields.Text(readonly=True)
    encoding = fields.Selection(
        ENCODINGS, default="utf-8", required=True, help="How letters are written down. Wrong if names look garbled."
    )
    separator = fields.Selection(
        [(",", "Comma"), (";", "Semicolon"), ("\t", "Tab"), ("|", "Vertical bar")], default=",", required=True
    )
    has_header = fields.Boolean(
        "First Row Has Names", default=True, help="Whether the first row names the columns, and is no address itself."
    )
    contacts = fields.Selection(
        [
            ("none", "Stay plain addresses"),
            ("link", "Become the contacts who have the address, else plain addresses"),
            ("create", "Become contacts; for unknown addresses new ones are made"),
        ],
        "New Members",
        default="link",
        required=True,
        help="A member that is a contact follows it: name and address are always the contact's.",
    )
    update_existing = fields.Boolean(
        "Update Members",
        default=True,
        help="Members who are on the list already get the name, language and values of the file; what is empty in the "
        "file stays. Whoever unsubscribed stays unsubscribed. Contacts keep their name.",
    )
    column_ids = fields.One2many("email.target.list.import.column", "import_id", "Columns")
    preview = fields.Html(compute="_compute_preview", sanitize=False)

    started_at = fields.Datetime("Started", readonly=True)
    finished_at = fields.Datetime("Finished", readonly=True)
    last_row = fields.Integer(readonly=True, help="The number of the row that was dealt with last.")
    total_count = fields.Integer("Rows", readonly=True)
    done_count = fields.Integer("Rows Dealt With", compute="_compute_done_count")
    added_count = fields.Integer("Added", readonly=True, help="Rows whose address was new on the list.")
    updated_count = fields.Integer("Updated", readonly=True, help="Rows that told something new of a member.")
    unchanged_count = fields.Integer("Unchanged", readonly=True, help="Rows of members of whom all was known.")
    repeated_count = fields.Integer(
        "Repeated", readonly=True, help="Rows with an address that an earlier row of the file has too. The last counts."
    )
    refused_count = fields.Integer("Refused", readonly=True, help="Rows that could not be used.")
    contact_count = fields.Integer("Contacts Made", readonly=True)
    refused_file = fields.Binary(
        "Refused Rows",
        attachment=True,
        readonly=True,
        help="The refused rows with the reason behind each. Correct them there and import that file.",
    )
    refused_file_count = fields.Integer("Rows in the File of Refused Rows", readonly=True)
    refused_file_name = fields.Char(compute="_compute_refused_file_name")

    # The scheduled job looks for these only.
    _running_index = models.Index("(started_at) WHERE state = 'running'")

    @api.depends("added_count", "updated_count", "unchanged_count", "repeated_count", "refused_count")
    def _compute_done_count(self):
        for record in self:
            record.done_count = sum(record._counts().values())

    @api.depends("name")
    def _compute_refused_file_name(self):
        for record in self:
            stem = (record.name or "").rpartition(".")[0] or record.name or ""
            record.refused_file_name = self.env._("%s - refused rows.csv", stem)

    def _counts(self):
        names = ("added", "updated", "unchanged", "repeated", "refused")
        return {name: self[f"{name}_count"] for name in names}

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_editable(vals)
        records = super().create(vals_list)
        records.list_id.check_access("write")
        return records

    def write(self, vals):
        self._check_editable(vals)
        if not self.env.su and vals and (begun := self.filtered(lambda record: record.state not in ("draft", "ready"))):
            raise UserError(
                self.env._("The import of “%s” has begun and can't be changed any more.", begun[0].display_name)
            )
        result = super().write(vals)
        if "list_id" in vals:
            self.list_id.check_access("write")
        return result

    def _check_editable(self, vals):
        managed = set(vals) - EDITABLE
        if managed and not self.env.su:
            raise AccessError(
                self.env._(
                    "“%(field)s” of an import can't be set by hand.",
                    field=self._fields[min(managed)]._description_string(self.env)
                    if min(managed) in self._fields
                    else min(managed),
                )
            )

    def unlink(self):
        """Take these imports off the members that came by them: no foreign key does it."""
        self.env["email.target.list.member"]._forget_imports(self)
        return super().unlink()

    @api.ondelete(at_uninstall=False)
    def _unlink_unless_running(self):
        for record in self:
            if record.state == "running":
                raise UserError(self.env._("“%s” is being imported. Stop it first.", record.display_name))

    def action_read(self):
        """Find out what the file is, and propose what its columns are.

        :raises UserError: saying what kind of file it is instead
        """
        self.ensure_one()
        self._check_state(("draft", "ready"), self.env._("read its file again"))
        self._read_file()
        return True

    def action_choose_file(self):
        """Go back to the file."""
        self._check_state(("ready",), self.env._("choose another file"))
        self.sudo().write({"state": "draft", "file": False, "column_ids": [fields.Command.clear()]})
        return True

    def action_import(self):
        """Import the rows: few at once, many by the scheduled job.

        :raises UserError: saying what is missing
        """
        self.ensure_one()
        self._check_state(("ready",), self.env._("be imported"))
        self._check_start()
        self.sudo().write(
            {
                "state": "running",
                "user_id": self.env.uid,
                "started_at": fields.Datetime.now(),
                "total_count": self._read_table().count(),
            }
        )
        self.list_id._note_merge_keys(self.column_ids.filtered("is_value").mapped("key"))
        self._start()
        return True

    def action_resume(self):
        """Go on where it stopped, with the rights of whoever says so."""
        self.ensure_one()
        self._check_state(("failed", "cancelled"), self.env._("go on"))
        self._check_start()
        self.sudo().write({"state": "running", "error": False, "finished_at": False, "user_id": self.env.uid})
        self._start()
        return True

    def action_cancel(self):
        """Stop after the portion at hand; what was imported stays."""
        self._check_state(("running",), self.env._("be stopped"))
        for record in self:
            record._finish("cancelled")
        return True

    def action_view_members(self):
        """Open the members whom this file has."""
        self.ensure_one()
        action = self.list_id.action_view_members()
        action["domain"] = [*action["domain"], ("import_id", "=", self.id)]
        action["display_name"] = self.env._("Members in %s", self.display_name)
        return action

    def action_view_refusals(self):
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("email_campaign.email_target_list_import_refusal_action")
        action.update(domain=[("import_id", "=", self.id)], context={"create": False})
        return action

    def _progress_text(self):
        """Give how far it came, in words for whoever uses the list; the name of the file is not for all of them."""
        number = partial(formatLang, self.env, digits=0)
        values = {"list": self.list_id.name, "done": number(self.done_count), "all": number(self.total_count)}
        if self.state == "running":
            return self.env._(
                "A file is still being imported into the list “%(list)s”: %(done)s of %(all)s rows so far.", **values
            )
        return self.env._(
            "Of a file for the list “%(list)s” only %(done)s of %(all)s rows were imported. Let that import go on, or "
            "delete it if that is all.",
            **values,
        )

    def _check_state(self, allowed, wanted):
        self.check_access("write")
        for record in self:
            if record.state not in allowed:
                labels = dict(self._fields["state"]._description_selection(self.env))
                raise UserError(
                    self.env._(
                        "The import of “%(file)s” can't %(wanted)s: it is in the state “%(state)s”.",
                        file=record.display_name,
                        wanted=wanted,
                        state=labels[record.state],
                    )
                )

    def _wrong_file(self, kind):
        return UserError(WRONG_FILE[kind](self.env, self.name))

    def _content(self):
        """Give the bytes of the file; empty where there is none.

        Read from the attachment: as a field it would be in memory twice more, for base64. A form asks for sizes only.
        """
        self.ensure_one()
        record = self._origin
        if not record.id:
            return b""
        record.check_access("read")
        attachment = (
            self.env["ir.attachment"]
            .sudo()
            .with_context(bin_size=False)
            .search([("res_model", "=", self._name), ("res_field", "=", "file"), ("res_id", "=", record.id)], limit=1)
        )
        if attachment.file_size > MAX_BYTES:
            raise UserError(
                self.env._(
                    "“%(file)s” has %(size)s MB; at most %(most)s MB can be imported at once. Split it into several "
                    "files.",
                    file=self.name,
                    size=attachment.file_size // 1_000_000,
                    most=MAX_BYTES // 1_000_000,
                )
            )
        return attachment.raw or b""

    @api.autovacuum
    def _gc_files(self):
        """Let go of files and refused rows after a month: they are full of people who never became members."""
        month_ago = fields.Datetime.subtract(fields.Datetime.now(), days=30)
        idle = fields.Domain("state", "!=", "running") & fields.Domain("write_date", "<", month_ago)
        self.search(idle & fields.Domain("state", "in", ("draft", "ready"))).unlink()
        # By the attachments, of which there are those of a month: nothing of what is in them is read.
        files = self.env["ir.attachment"].sudo()
        files = files.search([("res_model", "=", self._name), ("res_field", "in", ("file", "refused_file"))])
        old = self.search(idle & fields.Domain("id", "in", files.mapped("res_id")))
        files.filtered(lambda file: file.res_id in old._ids).unlink()
        old.invalidate_recordset(["file", "refused_file"])
        self.env.cr.execute(SQL("DELETE FROM email_target_list_import_refusal WHERE import_id = ANY(%s)", old.ids))
