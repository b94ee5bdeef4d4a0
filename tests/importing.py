import base64
import csv
import io

from .common import CampaignCase


class ImportCase(CampaignCase):
    """A salesperson who imports files into a list of their own."""

    def setUp(self):
        super().setUp()
        self.target_list = self.make_list()

    def make_import(self, data, name="people.csv", user=None, **values):
        if isinstance(data, str):
            data = data.encode()
        model = self.env["email.target.list.import"].with_user(user or self.salesperson)
        values = {"list_id": self.target_list.id, "name": name, "contacts": "none", **values}
        return model.create({**values, "file": base64.b64encode(data)})

    def read_file(self, data, **values):
        record = self.make_import(data, **values)
        record.action_read()
        return record

    def run_import(self, data, **values):
        record = self.read_file(data, **values)
        record.action_import()
        if record.state == "running":
            self.run_job()
        return record

    def run_job(self):
        """Run the importing job as the scheduler does."""
        with self.enter_registry_test_mode():
            self.env.ref("email_campaign.cron_import").method_direct_trigger()
        self.env.invalidate_all()

    def counts(self, record):
        return {name: count for name, count in record._counts().items() if count}

    def members(self):
        """Give {address: (name, merge values)} of the list."""
        self.env.invalidate_all()
        return {
            member.email_normalized: (member.name or "", member.values or {}) for member in self.target_list.member_ids
        }

    def refused(self, record):
        """Give the rows of the file of refused rows, without its header."""
        data = base64.b64decode(record.refused_file)
        self.assertEqual(data[:3], b"\xef\xbb\xbf", "Excel takes it for another encoding otherwise")
        text = io.StringIO(data.decode("utf-8-sig"), newline="")
        return list(csv.reader(text, delimiter=record.separator))[1:]

    def reasons(self, record):
        """Give {row number: reason}."""
        refusals = self.env["email.target.list.import.refusal"].with_user(self.salesperson)
        return {found.row: found.reason for found in refusals.search([("import_id", "=", record.id)])}
