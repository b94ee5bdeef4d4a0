"""Plain text: the half of an email that is made from its HTML, and what strangers wrote, in one line."""

from __future__ import annotations

from inscriptis import Inscriptis
from inscriptis.css_profiles import CSS_PROFILES
from inscriptis.model.config import ParserConfig
from lxml import html as lxml_html

_CONFIG = ParserConfig(css=CSS_PROFILES["strict"])


def plain_text(markup: str) -> str:
    """Give the text of an HTML document, laid out as it reads: lists, tables, paragraphs; links after their words.

    Pictures and what is not displayed are left out. Lines are not wrapped: mail programs do that to their own width.
    """
    root = lxml_html.document_fromstring(markup)
    for link in list(root.iter("a")):
        href = (link.get("href") or "").strip()
        words = " ".join("".join(link.itertext()).split())
        if href and not href.startswith("#") and words and words != href:
            tail = lxml_html.Element("span")
            tail.text = f" ({href})"
            link.append(tail)
    lines = [line.rstrip() for line in Inscriptis(root, _CONFIG).get_text().splitlines()]
    text: list[str] = []
    for line in lines:
        if line or (text and text[-1]):
            text.append(line)
    return "\n".join(text).strip() + "\n"


def one_line(text: object, longest: int) -> str:
    """Give `text` on one line, as a database takes it: at most `longest` characters, all of them printable.

    >>> one_line("Chairs \\n and tables", 12)
    'Chairs and t'
    """
    told = "" if text is None else str(text)[: longest * 4]
    return " ".join("".join(char if char.isprintable() else " " for char in told).split())[:longest]
