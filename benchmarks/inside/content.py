"""What both sides send: a mail of common size with ten links, to people with names of several languages."""

from __future__ import annotations

SENDER = '"Ann Seller" <ann@crm.example>'
DOMAIN = "crm.example"
BASE_URL = "https://crm.example"
SUBJECT = "Spring is here"
LINKS = 10
FIRST_NAMES = ("Anna", "Bruno", "Clara", "Élise", "Håkon", "Jürgen", "Maëlle", "Olga", "Søren", "Zoë")
LAST_NAMES = ("Almeida", "Berg", "Dvořák", "García", "Kowalski", "Müller", "Novák", "Rossi", "Weber", "Yılmaz")

_PARAGRAPH = (
    "This season we have put together what our customers asked for most: lighter frames, fabrics that can be washed, "
    "and delivery on the day that you choose. Have a look, and tell us what you think of it. "
)


def body(greeting: str, ending: str = "") -> str:
    """The HTML, about 4 kB; `greeting` is how the sending module writes the recipient's name."""
    items = "".join(
        f'<h2 style="color: #333333">Number {n}</h2><p style="margin: 0 0 12px 0">{_PARAGRAPH}'
        f'<a href="https://shop.example/spring/article-{n}?colour=blue&amp;size=m">Read more about number {n}</a></p>'
        for n in range(1, LINKS + 1)
    )
    return f'<div style="font-family: Arial, sans-serif"><p>Dear {greeting},</p>{items}<p>Yours, Ann</p>{ending}</div>'
