"""What a request for a tracked link or image is, and where it leads; nothing here asks Odoo or a database."""

from typing import NamedTuple

from ...tools import visitor
from ...tools.links import with_parameters
from .email_link import CLICK, HIDDEN_LINK, OPEN

# In the environ of a request whose visit is kept already.
KEPT = "email_campaign.visit_kept"


class Target(NamedTuple):
    """Where a click leads: `url` is empty where the link is there no more; `explains`: it shows a message instead."""

    url_id: int
    recipient_id: int
    url: str | None = None
    explains: bool = False


def opened(signer, token):
    """Give (recipient id, 0) of the token of an image, None for every other text; the recipient of a test is 0."""
    ids = signer.read(OPEN, token, 1)
    return ids and (ids[0], HIDDEN_LINK)


def clicked(signer, token):
    """Give (recipient id, tracking URL id) of the token of a link, None for every other text."""
    # Links of mails that left before links of one mail were signed together.
    return signer.read_family(CLICK, token) or signer.read(CLICK, token, 2)


def parameters(kind, ids, method, agent, headers, ip):
    """Give what is kept of a visit, by name (`visit_statements.PARAMETERS`).

    :param headers: {name: value}; those that say that something is fetched before anybody asked for it are looked at
    """
    recipient_id, url_id = ids
    visit = visitor.judge(method, agent, headers, ip)
    hidden = kind == "click" and url_id == HIDDEN_LINK
    machine = visit.reason if visit.verdict == "machine" else None
    return {
        "recipient": recipient_id,
        "url": url_id,
        "kind": kind,
        "machine": "hidden_link" if hidden else machine,
        "human": visit.reason if machine is None else None,
        "ip": ip,
        "agent": visitor.recorded(agent),
    }


def target(ids, row):
    """Give the Target of a click.

    :param row: (url, explains, added), as `visit_statements.kept` gives it
    """
    recipient_id, url_id = ids
    url, explains, added = row
    return Target(url_id, recipient_id, with_parameters(url, added or "") if url else url, bool(explains))
