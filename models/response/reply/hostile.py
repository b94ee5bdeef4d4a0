"""Texts and files of strangers in a form that the database takes."""

from ....tools.bounce import reader
from ....tools.plaintext import one_line


def storable(text):
    """Give `text` without what the database can't hold: NUL, and octets that belong to no character."""
    return str(text or "").replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def excerpt(text, limit):
    """Give how a plain `text` begins, in one line, without the lines that it quotes."""
    own = [line for line in text.splitlines() if not line.lstrip().startswith((">", "&gt;"))]
    return one_line(" ".join(own), limit)


def octets(content):
    """Give the octets of what the standard parser gave as the content of a file: text, octets or a message."""
    if isinstance(content, bytes):
        return content
    return content.encode("utf-8", "replace") if isinstance(content, str) else reader.octets(content)
