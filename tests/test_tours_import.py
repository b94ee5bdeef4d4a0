import base64
import csv
import io

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
