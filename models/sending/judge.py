"""Whether a mail server takes mails from this sender at all: asked of the first few before it is given more."""

from . import verdict


class Judge:
    """Looks at the answers for `mailing` (as superuser), until it is known whether the server takes the sender."""

    def __init__(self, mailing):
        self._mailing = mailing
        self.decided = False

    @staticmethod
    def one_is_taken(outcomes):
        """Say whether a server has taken one of these: then it has nothing against the sender."""
        return any(outcome.result == "accepted" for outcome in outcomes)

    def blamed(self, outcomes, handed, more):
        """Give those `outcomes` that are about the sender; nothing more should be handed over then.

        :param handed: {id: mail} of all that have no answer which is written down
        :param more: whether there is more to send than these
        """
        first = not self.decided
        if self.one_is_taken(outcomes) or (outcomes and len(outcomes) == len(handed)):
            self.decided = True
        whole = first and self.decided and not more
        return verdict.sender_refusals(outcomes, handed, whole, self._is_proven)

    def _is_proven(self):
        """Say whether a server has taken something of this mass email already."""
        sent = [("mailing_id", "=", self._mailing.id), ("state", "=", "sent")]
        return bool(self._mailing.env["email.campaign.recipient"].search_count(sent, limit=1))
