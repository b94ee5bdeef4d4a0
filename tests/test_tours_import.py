import base64
import csv
import io
import json
from urllib.parse import urlencode

from odoo.tests import tagged

from .test_tours import TourCase


@tagged("post_install", "-at_install")
class TestToursImport(TourCase):
    """A salesperson imports a file in the browser."""

    def test_file_to_members(self):
        target_list = self.make_list(user=self.user, name="Gardeners")
        self.walk(f"/odoo/email-target-lists/{target_list.id}", "email_campaign_import")
        members = {member.email: (member.name, member.values or {}) for member in target_list.member_ids}
        self.assertEqual(
            members,
            # One of them is a contact, who keeps the name.
            {"ann@good.example": ("Ann Apple", {"town": "Aachen"}), "formula@good.example": ("=cmd|' /C calc'!A0", {})},
        )
        self.assertEqual(target_list.member_ids.partner_id, self.ann)
        record = target_list.import_ids
        self.assertEqual(record.user_id, self.user)
        text = base64.b64decode(record.refused_file).decode("utf-8-sig")
        [_heads, row] = csv.reader(io.StringIO(text, newline=""), delimiter=";")
        self.assertEqual(row[:2], ["Ben Beech", "ben.good.example"])
        self.authenticate(self.user.login, self.user.login)
        answer = self.url_open(f"/web/content/{record._name}/{record.id}/refused_file?download=true")
        self.assertEqual(answer.content.decode("utf-8-sig"), text, "it can be downloaded")
        self.authenticate("sally", "sally")
        answer = self.url_open(f"/web/content/{record._name}/{record.id}/refused_file?download=true")
        self.assertEqual(answer.status_code, 404, "and by nobody whose list it is not")

    def test_members_are_exported_without_formulas(self):
        """By Odoo's own export of a list, which knows of some formulas only."""
        self.user.group_ids |= self.env.ref("base.group_allow_export")
        target_list = self.make_list(user=self.user)
        emails = [f"{n}@good.example" for n in range(3)]
        names = ["=cmd|' /C calc'!A0", "@SUM(A1)", "Ann"]
        self.env["email.target.list.member"].with_user(self.user).create(
            [
                {"list_id": target_list.id, "name": name, "email": email}
                for name, email in zip(names, emails, strict=True)
            ]
        )
        data = {
            "model": "email.target.list.member",
            "fields": [{"name": name, "label": name, "type": "char"} for name in ("name", "email")],
            "ids": target_list.member_ids.ids,
            "domain": [],
            "groupby": [],
            "import_compat": False,
        }
        self.authenticate(self.user.login, self.user.login)
        answer = self.url_open(f"/web/export/csv?{urlencode({'data': json.dumps(data)})}")
        [_heads, *rows] = csv.reader(io.StringIO(answer.text, newline=""))
        self.assertEqual(rows, [["'=cmd|' /C calc'!A0", emails[0]], ["'@SUM(A1)", emails[1]], ["Ann", emails[2]]])

    def test_a_long_file_is_followed_and_stopped(self):
        target_list = self.make_list(user=self.user, name="Gardeners")
        text = "Email\n" + "".join(f"p{n}@good.example\n" for n in range(3000))
        record = (
            self.env["email.target.list.import"]
            .with_user(self.user)
            .create({"list_id": target_list.id, "name": "long.csv", "file": base64.b64encode(text.encode())})
        )
        record.action_read()
        self.walk(f"/odoo/email-imports/{record.id}", "email_campaign_import_long")
        self.assertEqual((record.state, record.done_count), ("running", 0))
        self.env.ref("email_campaign.cron_import").method_direct_trigger()
        self.env.invalidate_all()
        self.assertEqual((record.state, record.added_count), ("done", 3000))
        self.walk(f"/odoo/email-imports/{record.id}", "email_campaign_import_result")
