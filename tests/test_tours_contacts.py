from odoo.tests import tagged

from .test_tours import TourCase


@tagged("post_install", "-at_install")
class TestToursContacts(TourCase):
    """What a salesperson sees of an address and decides about it, on contacts and on leads of their own."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Who may not write contacts may not mark them either.
        cls.user.group_ids |= cls.env.ref("base.group_partner_manager")
        # Others come with demo data, and the groups are counted.
        others = cls.env["res.partner"].search([("id", "not in", (cls.ann | cls.ben | cls.nick).ids)])
        known = cls.env["email.address"].search([("email", "in", others.mapped("email_normalized"))])
        known.write({"validity": "unknown"})

    def test_a_contact_is_marked_found_and_grouped(self):
        self.bounced("ann@good.example", kind="soft")
        self.env["email.address"]._note_activity("ben@good.example", "click")
        self.walk(f"/odoo/contacts/{self.ann.id}", "email_campaign_validity")
        self.assertEqual((self.ann.email_validity, self.ann.email_validity_reason), ("invalid", "Ann left the company"))
        mailing = self.make_mailing(self.make_list(self.ann | self.ben, user=self.user), user=self.user)
        mailing.action_launch()
        self.assertEqual(self.states(mailing), {"ann@good.example": "invalid", "ben@good.example": "queued"})

    def test_all_that_a_search_finds_are_marked(self):
        # The client names no more records than this, by default 20,000.
        self.env["ir.config_parameter"].set_param("web.active_ids_limit", "10")
        many = self.env["res.partner"].create(
            [{"name": f"Many {n:03}", "email": f"many{n}@good.example"} for n in range(1, 91)]
        )
        self.walk(f"/odoo/contacts/{self.ann.id}", "email_campaign_validity_all")
        many.invalidate_recordset()
        self.assertEqual(set(many.mapped("email_validity")), {"invalid"})
        self.assertEqual(self.ben.email_validity, "unknown")

    def test_a_lead_is_marked(self):
        self.user.group_ids |= self.env.ref("sales_team.group_sale_salesman")
        values = {"name": "Chairs", "contact_name": "Lea", "email_from": "lea@good.example", "type": "opportunity"}
        lead = self.env["crm.lead"].with_user(self.user).create(values)
        target_list = self.make_list(user=self.user)
        target_list._add_records(lead)
        self.make_mailing(target_list, user=self.user).action_launch()
        self.send()
        self.bounced("lea@good.example")
        self.walk(f"/odoo/crm.lead/{lead.id}", "email_campaign_validity_lead")
        self.assertEqual(lead.email_validity, "valid")

    def test_a_contact_is_known_from_a_mailing_list(self):
        self.walk(f"/odoo/contacts/{self.ann.id}", "email_campaign_contact_types")
        self.assertEqual(self.ann.email_contact_type, "list_contact")
