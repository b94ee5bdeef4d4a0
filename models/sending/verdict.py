"""What the answers of a mail server to a group of mails say: about each recipient, or about who sends."""

import re

from ...tools import bounce

STATES = {
    "accepted": "sent",
    "transient": "retry",
    "permanent": "failed",
    "unsent": "queued",
    "unknown": "in_doubt",
}
# Refusals for which the address itself is to blame: they count as bounces. The others are the sender's business.
SOFT_REASONS = {"mailbox_full", "network", "expired"}
# As many of one group, all refused with the same words, are no accident of their addresses; so are those of a whole
# batch that is smaller, down to the second number.
MANY, FEW = 8, 3
# Servers like Postfix keep what they have against the sender until they are told the recipient.
_ABOUT_SENDER = re.compile(
    r"sender address (?:\S+ )?rejected|not owned by user"
    r"|sender (?:address )?(?:\S+ )?(?:is )?not (?:allowed|permitted|owned|authori[sz]ed)"
    r"|relay(?:ing)? (?:access )?(?:is )?(?:denied|prohibited|not (?:allowed|permitted))"
    r"|(?:unable|not (?:allowed|permitted|authori[sz]ed)) to (?:relay|send)|do(?:es)? not relay|send ?as ?denied"
    r"|permissions? to send as|authentication (?:is )?required|must (?:first )?authenticate|not authenticated",
    re.IGNORECASE,
)
# What a server says about a recipient, or passes on from somebody else's server, tells nothing about us.
_ABOUT_OTHERS = re.compile(r"recipient address rejected|\bRESOLVER\.|\bsaid:|preferences", re.IGNORECASE)
_ADDRESS = re.compile(r"<[^<>]*>|\S+@\S+")
_AUTHENTICATION_REQUIRED = 530


def reply(outcome):
    """Give the answer on one line."""
    return " ".join(filter(None, (outcome.enhanced, outcome.text)))


def refusal(outcome):
    """Give (kind, reason) of a refusal that is for good, or the last: whether it counts against the address, and why.

    The kind is hard, soft or None; a temporary refusal is never hard, whatever is said. The reason is None where there
    is nothing to say about the recipient or about the sender.
    """
    if outcome.result not in ("permanent", "transient") or outcome.stage not in ("RCPT", "end of data"):
        return None, None
    _permanent, reason = bounce.classify(outcome.code, outcome.enhanced or None, outcome.text)
    if reason == "dead_address":
        return ("hard" if outcome.result == "permanent" else "soft"), reason
    return ("soft" if reason in SOFT_REASONS else None), reason


def state(outcome):
    """Give the state that follows from an answer about a recipient."""
    if outcome.result == "unsent" and outcome.stage != "connection":
        # It was under way when the line broke. It counts as a try, so that none breaks it for ever.
        return "retry"
    return STATES[outcome.result]


def sender_refusals(outcomes, mails, whole_batch, proven):
    """Give those `outcomes` of a group that are about who sends: they would be the same for everybody else.

    :param mails: the mail of each, by key
    :param whole_batch: whether the group is all that there was to send
    :param proven: function that says whether the server has taken something of this mass email before
    """
    refused = [outcome for outcome in outcomes if outcome.result in ("permanent", "transient")]
    blamed = [outcome for outcome in refused if outcome.stage == "MAIL"]
    if blamed or any(outcome.result == "accepted" for outcome in outcomes):
        # Somebody got it from the same sender: the rest is between the server and those it refuses.
        return blamed
    if blamed := [outcome for outcome in refused if _blames_sender(outcome)]:
        return blamed
    return refused if _all_alike(outcomes, mails, MANY if not whole_batch else FEW, proven) else []


def _blames_sender(outcome):
    if outcome.stage not in ("RCPT", "DATA", "end of data"):
        return False
    if outcome.code == _AUTHENTICATION_REQUIRED:
        return True
    return bool(_ABOUT_SENDER.search(outcome.text)) and not _ABOUT_OTHERS.search(outcome.text)


def _all_alike(outcomes, mails, enough, proven):
    """Say whether all were refused for good, with the same words, for something that no address is to blame for."""
    if len(outcomes) < enough:
        return False
    texts = set()
    for outcome in outcomes:
        if outcome.result != "permanent" or outcome.stage != "RCPT":
            return False
        _permanent, reason = bounce.classify(outcome.code, outcome.enhanced or None, outcome.text)
        if reason not in ("policy", "blocked"):
            return False
        texts.add((outcome.code, outcome.enhanced, _ADDRESS.sub("", outcome.text)))
    # One domain may well have something against us that no other has.
    domains = {mails[outcome.key].normalized.rpartition("@")[2] for outcome in outcomes}
    return len(texts) == 1 and not (len(domains) == 1 and proven())
