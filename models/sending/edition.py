"""A mass email in one language, compiled: what is filled in for each recipient, and where it goes."""

from typing import NamedTuple

from ...tools.compose import Program
from ...tools.links import personal, personal_target
from ...tools.message import header, writer


class CodedEdition(NamedTuple):
    """One with code in it: QWeb makes another body for each recipient."""

    program: Program
    paths: set
    url_ids: dict
    sign_links: object
    lang: str
    model: str
    personal: dict


class Edition:
    """One without code.

    `is_ascii` says whether a message is if its personal headers are.

    :param skeleton: everything but the personal pieces
    :param paths: of the merge values that it needs
    :param signer: signs links
    :param click: the purpose of their tokens
    :param url_ids: {target: tracking URL id}
    :param stamps: {kind of slot: function that gives the token of it for the octets of a recipient's id}
    :param beginning: what links begin with, for those that are merge values
    """

    def __init__(self, skeleton, paths, signer, click, url_ids, stamps, beginning):
        self.paths = paths
        self.personal = personal_ids([hole.slot for hole in skeleton.holes], url_ids)
        self._skeleton = skeleton
        linked = [url_ids[hole.slot.value] for hole in skeleton.holes if hole.slot.kind == "link"]
        linked = list(dict.fromkeys([*linked, *self.personal.values()]))
        self._sign_links = signer.family(click, linked)
        kinds = {hole.slot.kind for hole in skeleton.holes}
        # What `message` puts side by side: the opt-out token, the tokens of links, those of other kinds, and texts.
        self._stamps = [stamps[kind] for kind in stamps if kind in kinds]
        first = 1 + len(linked)
        places = {kind: first + number for number, kind in enumerate(kind for kind in stamps if kind in kinds)}
        places["opt_out"] = 0
        self._writers, order = [], []
        for hole in skeleton.holes:
            slot = hole.slot
            if slot.kind == "link":
                order.append(1 + linked.index(url_ids[slot.value]))
            elif slot.kind in places:
                order.append(places[slot.kind])
            else:
                order.append(first + len(self._stamps) + len(self._writers))
                kept = personal(slot)
                place = 1 + linked.index(url_ids[kept]) if kept else None
                self._writers.append((slot.value, slot.default, writer(hole), place))
        self._segments = skeleton.assembler(order, first + len(self._stamps) + len(self._writers))
        self._beginning = beginning
        self.is_ascii = skeleton.is_ascii

    def message(self, headers, octets, opt_out, values):
        """Give the message for one recipient, as segments to be joined.

        :param headers: the personal ones, encoded
        :param octets: of the recipient's id, as `tools.token.id_octets` gives them
        :param opt_out: its opt-out token
        :param values: its merge values by path
        """
        if subject := self._skeleton.subject:
            headers += header("Subject", filled(subject, values))
        pieces = [opt_out, *self._sign_links(octets), *[stamp(octets) for stamp in self._stamps]]
        for path, default, write, place in self._writers:
            value = values.get(path) or default
            if place and personal_target(value):
                value = self._beginning + pieces[place].decode()
            pieces.append(write(value))
        return self._segments(headers, pieces)


def personal_ids(slots, url_ids):
    """Give {slot: id of its tracking URL} of those `slots` that are links with another target for each recipient."""
    return {slot: url_ids[kept] for slot in slots if (kept := personal(slot))}


def filled(parts, values):
    """Give compiled `parts` of one line with the merge values by path."""
    return "".join([part if isinstance(part, str) else values.get(part.value) or part.default for part in parts])
