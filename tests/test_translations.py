from pathlib import Path

from babel.messages.pofile import read_po

from odoo.tests import TransactionCase, tagged

FOLDER = Path(__file__).parents[1] / "i18n"
LANGUAGES = ("de", "fr")
# Of the pages that are made by a template, those for people who work here.
OF_STAFF = {"email_privacy_summary"}
# What recipients read of records that come with the addon: field by model.
NAMES = {"email.list.type": ["name"], "email.opt.out.reason": ["name"], "mail.template": ["subject", "body_html"]}


@tagged("post_install", "-at_install")
class TestTranslations(TransactionCase):
    """Whatever recipients read is there in German and French."""

    def catalogue(self, lang):
        with (FOLDER / f"{lang}.po").open("rb") as file:
            return read_po(file)

    def own(self, model):
        return self.env["ir.model.data"].search([("module", "=", "email_campaign"), ("model", "=", model)])

    def terms(self, record, name):
        field = record._fields[name]
        value = record.with_context(lang="en_US")[name] or ""
        return set(field.get_trans_terms(value)) if callable(field.translate) else {value}

    def texts(self):
        """Give {term: where it stands} of all that recipients read."""
        found = {}
        for data in self.own("ir.ui.view"):
            view = self.env["ir.ui.view"].browse(data.res_id)
            if view.type == "qweb" and data.name not in OF_STAFF:
                found.update(dict.fromkeys(self.terms(view, "arch_db"), data.name))
        self.assertIn("subscribe_page", found.values())
        for model, names in NAMES.items():
            for data in self.own(model):
                for name in names:
                    found.update(dict.fromkeys(self.terms(self.env[model].browse(data.res_id), name), data.name))
        return found

    def test_whatever_recipients_read(self):
        texts = self.texts()
        for lang in LANGUAGES:
            catalogue = self.catalogue(lang)
            # What only fills in what somebody wrote elsewhere is the same in all languages.
            missing = {
                term: where
                for term, where in texts.items()
                if any(sign.isalpha() for sign in term.partition("{{")[0])
                and not (catalogue.get(term) and catalogue.get(term).string)
            }
            self.assertFalse(missing, lang)

    def test_none_is_fuzzy_or_empty(self):
        for lang in LANGUAGES:
            for message in self.catalogue(lang):
                if message.id:
                    self.assertTrue(message.string and not message.fuzzy, (lang, message.id))
            self.assertFalse(self.catalogue(lang).obsolete, lang)
