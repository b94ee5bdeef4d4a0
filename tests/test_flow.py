from unittest.mock import patch

from odoo.tests import BaseCase, tagged

from ..models.sending import flow
from ..models.sending.flow import FIRST_PORTION, LARGEST_GROUP, Flow


@tagged("post_install", "-at_install")
class TestFlow(BaseCase):
    """How much is claimed and on its way follows from how fast it is answered."""

    def answered(self, many, seconds, most=1000):
        """Give the flow after so many answers have come over so many seconds, over two connections."""
        with patch.object(flow.time, "monotonic", return_value=100.0) as clock:
            its = Flow(8, most)
            its.leave()
            clock.return_value += seconds
            its.adapt(many, 2)
        return its

    def test_what_is_claimed_at_first(self):
        self.assertEqual(Flow(8, 1000).portion, FIRST_PORTION)
        self.assertEqual(Flow(8, 10).portion, 10, "never more than is set")
        self.assertEqual(Flow(8, 1000, rate=50.0).portion, 100, "what the provider did lately in two seconds")
        self.assertEqual(Flow(8, 1000, rate=0.5).portion, LARGEST_GROUP, "little where it is slow")
        self.assertEqual(Flow(8, 1000, rate=5000.0).portion, 1000, "never more than is set")

    def test_what_is_claimed_is_what_some_seconds_send(self):
        self.assertEqual(self.answered(6400, 1).portion, 1000)
        self.assertEqual(self.answered(64, 1).portion, 640)
        self.assertEqual(self.answered(1, 10).portion, LARGEST_GROUP, "but a group at the least")
        self.assertEqual(self.answered(6400, 1, most=20).portion, 20)

    def test_the_first_few_tell_how_much_is_claimed_next(self):
        self.assertEqual(self.answered(7, 0.1).portion, FIRST_PORTION, "too few to tell")
        self.assertEqual(self.answered(8, 0.1).portion, 800)
        self.assertEqual(self.answered(8, 0.001).portion, 1000)
        self.assertLess(self.answered(8, 0.4).portion, FIRST_PORTION, "less than at first where it is slow")

    def test_what_is_on_its_way_is_what_half_a_second_sends(self):
        self.assertEqual(self.answered(100, 1).window, 50)
        self.assertEqual(self.answered(6400, 1).window, 192)
        self.assertEqual(self.answered(1, 10).window, 4, "two for each connection")
