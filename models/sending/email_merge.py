import difflib

from odoo import api, models
from odoo.tools import groupby
from odoo.tools.mail import html2plaintext

# What can be merged for everybody, also where no record stands behind an address.
RECIPIENT_PATHS = ("recipient.name", "recipient.email")
# What a bare address answers to the two fields that every record has.
BARE_PATHS = {"object.name": "recipient.name", "object.email": "recipient.email"}
WITHOUT_TEXT = ("binary", "image", "json", "properties", "properties_definition")
FORMATTED = ("float", "monetary", "date", "datetime")


class EmailMerge(models.AbstractModel):
    """Merge values, read for a batch of recipients at once and with the rights of the user who answers for the email.

    A path is a chain of fields and never code: see `tools.template`.
    """

    _name = "email.merge"
    _description = "Merge Values"

    @api.model
    def _problem(self, path, model_names, user):
        """Say why `path` can't be filled for records of the named models, or give None."""
        root, *names = path.split(".")
        if root == "values":
            return None if len(names) == 1 else self.env._("write values. and the name of a column")
        if root == "recipient":
            known = path in RECIPIENT_PATHS
            return None if known else self.env._("a recipient has recipient.name and recipient.email")
        for name in filter(None, model_names):
            if problem := self._problem_in(names, self.env[name].with_user(user)):
                return problem
        return None

    @api.model
    def _problem_in(self, names, records):
        for step, name in enumerate(names):
            if records is None:
                return self.env._("“%s” is no record and has no fields", names[step - 1])
            field = records._fields.get(name)
            if not field or not records.fields_get([name], ["type"]):
                near = difflib.get_close_matches(name, records.fields_get(attributes=["type"]), 3, 0.6)
                hint = self.env._("did you mean %s?", ", ".join(near)) if near else self.env._("check the spelling")
                return self.env._(
                    "“%(model)s” has no field “%(field)s” that %(user)s may read; %(hint)s",
                    model=records._description,
                    field=name,
                    user=records.env.user.name,
                    hint=hint,
                )
            if field.type in WITHOUT_TEXT:
                return self.env._("the field “%s” holds no text", field._description_string(self.env))
            records = records.env[field.comodel_name] if field.relational else None
        return None

    @api.model
    def _values(self, user, company, rows, wanted):
        """Read the merge values of a batch of recipients, with the rights of `user` in `company`.

        :param rows: dicts with id, res_model, res_id, name, email, lang, values
        :param wanted: the paths that the content needs
        :return: {recipient id: {path: text}}; a recipient whose record is gone or may not be read is missing
        """
        merged = {}
        record_paths = [path for path in wanted if path.startswith("object.")]

        def kind(row):
            return row["res_model"] or "", row["lang"] or ""

        for (model, lang), batch in groupby(rows, kind):
            texts = {}
            if model:
                records = self.env[model].with_user(user).with_company(company)
                records = records.with_context(lang=lang or user.lang, active_test=False)
                texts = self._record_texts(records.browse([row["res_id"] for row in batch]), record_paths)
            for row in batch:
                values = {"recipient.name": row["name"] or "", "recipient.email": row["email"] or ""}
                if row["values"]:
                    values.update({f"values.{name}": str(value) for name, value in row["values"].items()})
                if not model:
                    values.update({path: values[bare] for path, bare in BARE_PATHS.items()})
                elif row["res_id"] in texts:
                    values.update(texts[row["res_id"]])
                else:
                    continue
                merged[row["id"]] = values
        return merged

    def _record_texts(self, records, wanted):
        """Give {id: {path: text}} of those `records` that exist and may be read."""
        names = {path: path.split(".")[1:] for path in wanted}
        readable = self._readable(records, {name for name, *_rest in names.values() if name in records._fields})
        texts = {record_id: {} for record_id in readable._ids}
        for path in wanted:
            for record_id, text in self._path_texts(readable, names[path]).items():
                texts[record_id][path] = text
        return texts

    def _readable(self, records, names):
        """Give those `records` that exist and may be read, in one query that reads the fields `names` as well."""
        if not records.browse().has_access("read"):
            return records.browse()
        if type(records)._check_access is not models.BaseModel._check_access:
            # Rights that are more than access rules, of which a search may know nothing.
            return records.exists()._filtered_access("read")
        return records.search_fetch([("id", "in", records.ids)], sorted(names), order="id")

    def _path_texts(self, records, names):
        """Give {id: text} of one path, reading each step for all `records` at once."""
        name, *rest = names
        if name not in records._fields:
            return dict.fromkeys(records._ids, "")
        field = records._fields[name]
        if not rest:
            if field.type in ("char", "text"):
                return dict(zip(records._ids, [text or "" for text in records.mapped(name)], strict=True))
            return {record.id: self._text(record, field) for record in records}
        targets = records.mapped(name)._filtered_access("read")
        found = self._path_texts(targets, rest)
        return {
            record.id: ", ".join(filter(None, (found.get(target.id) for target in record[name]))) for record in records
        }

    def _text(self, record, field):
        value = record[field.name]
        if field.relational:
            return ", ".join(value._filtered_access("read").mapped("display_name"))
        if field.type == "selection":
            return dict(field._description_selection(record.env)).get(value, "")
        if field.type == "boolean":
            return record.env._("Yes") if value else record.env._("No")
        if field.type in FORMATTED and (value or field.type in ("float", "monetary")):
            options = {"display_currency": record[field.get_currency_field(record)]} if field.type == "monetary" else {}
            markup = record.env[f"ir.qweb.field.{field.type}"].value_to_html(value, options) or ""
            text = html2plaintext(markup) if "<" in markup or "&" in markup else str(markup)
            return text.replace("\N{NO-BREAK SPACE}", " ").strip()
        if field.type == "html":
            return html2plaintext(value or "").strip()
        return str(value) if value or (value == 0 and field.type == "integer") else ""
