from collections import Counter
from itertools import islice

from markupsafe import Markup

from odoo import Command, api, models
from odoo.exceptions import UserError

from ....tools.csvfile import MAX_COLUMNS, Form, Table
from ....tools.csvmapping import Column, Judge, RefusedError, guess
from ....tools.csvsniff import WrongFileError, detect
from .wording import refused

SAMPLE_ROWS = 100
#: How many rows are judged before the import, and how many of the good and of the bad ones are shown.
PREVIEW_ROWS, SHOWN_ROWS = 2_000, 8
LONGEST_SHOWN = 60


class EmailTargetListImport(models.Model):
    """What is in the file: found out, proposed to a person, and shown with its problems before anything happens."""

    _inherit = "email.target.list.import"

    def _read_file(self):
        data = self._content()
        try:
            form = detect(data)
        except WrongFileError as error:
            raise self._wrong_file(error.kind) from error
        table = Table(data, form)
        self.sudo().write(
            {
                "encoding": form.encoding,
                "separator": form.separator,
                "has_header": form.has_header,
                "total_count": table.count(),
                "state": "ready",
                "error": False,
                "column_ids": [Command.clear(), *map(Command.create, self._proposal(table))],
            }
        )

    def _read_table(self):
        return Table(self._content(), Form(self.encoding, self.separator, self.has_header))

    def _proposal(self, table):
        """Give the values of the columns as they probably are meant."""
        sample = [row.cells for row in islice(table.rows(), SAMPLE_ROWS) if not row.problem]
        proposal = []
        for number, (name, column) in enumerate(zip(table.header, guess(table.header, sample), strict=True)):
            texts = [cells[number].strip() for cells in sample if cells[number].strip()]
            proposal.append(
                {
                    "position": number,
                    "sequence": number,
                    "name": name or self.env._("Column %s", number + 1),
                    "sample": self._short(", ".join(texts[:3])),
                    "target": column.target,
                    "key": column.key,
                    "contact_field": column.contact_field,
                }
            )
        return proposal

    @api.onchange("encoding", "separator", "has_header")
    def _onchange_form(self):
        """Read it in the other form; what the columns are has to be found out anew then."""
        if self.state != "ready":
            return
        table = self._read_table()
        if len(table.header) > MAX_COLUMNS:
            raise self._wrong_file("too_many_columns")
        self.column_ids = [Command.clear(), *map(Command.create, self._proposal(table))]
        self.total_count = table.count()

    def _meanings(self):
        """Give what the columns are, in the order in which they make a name; that of the file where it is not said."""
        width = max(self.column_ids.mapped("position"), default=-1) + 1
        columns = [Column("ignore")] * width
        for column in self.column_ids:
            contact_field = (column.contact_field or "") if self.contacts == "create" else ""
            columns[column.position] = Column(column.target or "ignore", column.key or "", contact_field)
        return columns

    def _judge(self):
        langs = {}
        for code, name in self.env["res.lang"].get_installed():
            langs.setdefault(code.partition("_")[0].lower(), code)
            langs[code.lower()] = langs[name.casefold().partition(" (")[0]] = code
        return Judge(self._meanings(), langs)

    def _check_start(self):
        """Refuse what could not end well.

        :raises UserError: saying what is missing
        """
        self.list_id._check_fillable()
        # Its size, not its content.
        if not self.with_context(bin_size=True).file:
            raise UserError(
                self.env._(
                    "There is no file “%s” any more: files are deleted after a month. Choose it again in a new import.",
                    self.display_name,
                )
            )
        targets = Counter(self.column_ids.mapped("target"))
        if not targets["email"]:
            raise UserError(self.env._("Say which column has the email addresses: choose “Email” for it."))
        if targets["lang"] > 1:
            raise UserError(self.env._("Two columns are the language. Choose one of them, and ignore the other."))
        keys = Counter(self.column_ids.filtered("is_value").mapped("key"))
        if doubled := [key for key, count in keys.items() if count > 1]:
            raise UserError(
                self.env._("Two columns have the merge field “%s”. Give one of them another name.", doubled[0])
            )
        if self.contacts == "create" and not self.env["res.partner"].has_access("create"):
            raise UserError(
                self.env._(
                    "You may not create contacts. Let new members stay plain addresses, or ask an administrator for "
                    "the right “Contact Creation”."
                )
            )

    @api.depends("state", "encoding", "separator", "has_header", "contacts", "column_ids.target", "column_ids.key")
    def _compute_preview(self):
        for record in self:
            record.preview = record._preview() if record.state == "ready" else False

    def _preview(self):
        judge = self._judge()
        good, bad, reasons, judged = [], [], Counter(), 0
        rows = self._read_table().rows()
        for row in islice(rows, PREVIEW_ROWS):
            judged += 1
            try:
                judge.entries(row)
            except RefusedError as error:
                sentence = refused(self.env, error)
                reasons[sentence if not error.value else self._general(error)] += 1
                if len(bad) < SHOWN_ROWS:
                    bad.append((row, sentence))
            else:
                if len(good) < SHOWN_ROWS:
                    good.append((row, ""))
        more = next(rows, None) is not None
        shown = sorted(good + bad, key=lambda pair: pair[0].number)
        return self._preview_summary(judged, reasons, more) + self._preview_table(shown)

    def _general(self, error):
        """Give the reason without the value, so that those of a kind are counted together."""
        if error.reason == "unknown_lang":
            return self.env._("The language is not installed here")
        return self.env._("The email address is not valid")

    def _preview_summary(self, judged, reasons, more):
        problems = sum(reasons.values())
        begin = self.env._("Of the first %s rows,", f"{judged:,}") if more else self.env._("Of %s rows,", f"{judged:,}")
        if not problems:
            text = self.env._("%(of)s all can be imported.", of=begin)
            return Markup('<div class="alert alert-success" role="status">%s</div>') % text
        lines = Markup("").join(
            Markup("<li>%s</li>") % self.env._("%(reason)s: %(count)s", reason=reason, count=f"{count:,}")
            for reason, count in reasons.most_common(8)
        )
        text = self.env._(
            "%(of)s %(good)s can be imported and %(bad)s would be refused:",
            of=begin,
            good=f"{judged - problems:,}",
            bad=f"{problems:,}",
        )
        return Markup('<div class="alert alert-warning" role="status">%s<ul class="mb-0">%s</ul></div>') % (text, lines)

    def _preview_table(self, shown):
        columns = self.column_ids.sorted("position")
        names = [self.env._("Row"), *columns.mapped("name"), self.env._("Problem")]
        heads = Markup("").join(Markup("<th>%s</th>") % name for name in names)
        body = Markup("").join(self._preview_row(row, problem, columns) for row, problem in shown)
        return Markup(
            '<div class="table-responsive"><table class="table table-sm o_email_campaign_preview">'
            "<thead><tr>%s</tr></thead><tbody>%s</tbody></table></div>"
        ) % (heads, body)

    def _preview_row(self, row, problem, columns):
        ignored = {column.position for column in columns if column.target == "ignore"}
        cells = row.cells[: len(columns)] + [""] * (len(columns) - len(row.cells))
        texts = Markup("").join(
            Markup('<td class="%s">%s</td>') % ("text-muted" if number in ignored else "", self._short(cell))
            for number, cell in enumerate(cells)
        )
        return Markup('<tr class="%s"><td class="text-muted">%s</td>%s<td>%s</td></tr>') % (
            "table-danger" if problem else "",
            row.number,
            texts,
            problem,
        )

    @api.model
    def _short(self, text):
        return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"
