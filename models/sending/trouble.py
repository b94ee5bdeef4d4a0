"""What stands in the way of a mass email, told apart by what follows from it."""

from . import verdict

SERVICE_CLOSING = 421  # RFC 5321 section 3.8: whatever it answers, it is about the server


class DeliveryError(Exception):
    """This mass email can't go on; `pause` when only a person can mend it."""

    def __init__(self, explanation, pause=False):
        super().__init__(explanation)
        self.explanation = explanation
        self.pause = pause


class ProviderError(DeliveryError):
    """Nothing can go out by this provider at the moment, of whatever mass email."""


class SenderError(DeliveryError):
    """This provider takes nothing from the sender of this mass email; `pause` when it never will."""


def hung_up(env, outgoing, reason):
    """Give the trouble with a server that closes its connections before it has taken anything."""
    return ProviderError(
        env._(
            "The mail server %(server)s closed the connection: %(reason)s",
            server=outgoing.server_name,
            reason=reason,
        )
    )


def sender_refused(env, outgoing, outcome):
    """Give the trouble with a server that answers `outcome` to whoever is written to by this sender."""
    if outcome.code == SERVICE_CLOSING:
        return hung_up(env, outgoing, verdict.reply(outcome))
    names = {
        "server": outgoing.server_name,
        "sender": outgoing.return_path("…"),
        "code": outcome.code,
        "answer": outcome.text,
    }
    if outcome.result == "transient":
        return SenderError(
            env._("The mail server %(server)s takes nothing from %(sender)s for now: %(code)s %(answer)s", **names)
        )
    return SenderError(
        env._(
            "The mail server %(server)s refuses mail from %(sender)s: %(code)s %(answer)s. Change the sender, or let "
            "the server allow it, and resume.",
            **names,
        ),
        pause=True,
    )
