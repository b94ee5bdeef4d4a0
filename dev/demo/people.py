"""A thousand contacts for one campaign: mostly people with a mailbox, and every kind that is not mailed."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice, product


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FIRST_NAMES = _words(
    "Anna Bruno Clara Dário Élise Femke Giulia Håkon Inés Jürgen Katarzyna Luís Maëlle Nikolai Olga "
    "Pavel Quirin Rosa Søren Tereza Ursula Vito Wanda Xenia Yannick Zoë Aoife Björn Chiara Deniz Emil Frida"
)
LAST_NAMES = _words(
    "Almeida Berg Castellano Dvořák Eriksen Fournier García Hofmann Ivanova Jansen Kowalski Lindqvist Müller "
    "Novák O'Connor Petit Quintana Rossi Schäfer Tanaka Ullmann Vasiljevic Weber Ximénez Yılmaz "
    "Zimmermann Árnason Bakker Conti Duarte Eklund Ferrari"
)
CITIES = ("Utrecht", "Graz", "Bergamo", "Malmö", "Porto", "Gdańsk", "Nantes", "Cork")
GOOD, BOUNCE, REJECT = "good.example", "bounce.example", "reject.example"
AUDIENCE = 1000


@dataclass(frozen=True)
class Person:
    """One contact: `group` is a key of GROUPS, `email` as it is written on the contact."""

    number: int
    group: str
    name: str
    email: str


@dataclass(frozen=True)
class Group:
    """How many contacts of a kind there are, what their addresses look like, and what shall become of them.

    `skip_reason` is Odoo's, empty for those who are written to. A `{}` stands for first.last.run.
    """

    size: int
    address: str
    skip_reason: str = ""


GROUPS = {
    "gone": Group(14, f"{{}}@{BOUNCE}"),
    "full": Group(6, f"full.{{}}@{BOUNCE}"),
    "blocked": Group(4, f"blocked.{{}}@{BOUNCE}"),
    "slow": Group(2, f"slow.{{}}@{BOUNCE}"),
    "complaint": Group(2, f"complaint.{{}}@{BOUNCE}"),
    "rejected": Group(10, f"{{}}@{REJECT}"),
    "without": Group(5, "", "no_email"),
    "malformed": Group(3, "{}", "bad_address"),
    "archived": Group(4, f"{{}}@{GOOD}", "disabled"),
    "blacklisted": Group(8, f"{{}}@{GOOD}", "blacklisted"),
    "excluded": Group(6, f"{{}}@{GOOD}", "excluded"),
    "away": Group(2, f"auto.{{}}@{BOUNCE}"),
    "reader": Group(AUDIENCE - 71, f"{{}}@{GOOD}"),
    # The last ones: the first contact with an address gets the email.
    "duplicate": Group(5, f"{{}}@{GOOD}", "duplicate"),
}
# Two that anybody sees are wrong, and one that only the full check of an address finds.
MALFORMED: tuple[Callable[[str], str], ...] = (
    lambda local: f"{local}(at){GOOD}",
    lambda local: f"{local}@",
    lambda local: f"{local}@good..example",
)


def audience(run: int) -> list[Person]:
    """The people of one run; no other run has an address of theirs."""
    people: list[Person] = []
    names = _names()
    for group, kind in GROUPS.items():
        readers = [person for person in people if person.group == "reader"]
        for index, (first, last) in enumerate(islice(names, kind.size)):
            local = f"{_ascii(first)}.{_ascii(last)}.{run}"
            email = kind.address.format(local)
            if group == "malformed":
                email = MALFORMED[index](local)
            elif group == "duplicate":
                email = readers[index].email.title()  # another spelling of the same address
            people.append(Person(len(people), group, f"{first} {last}", email))
    return people


def values(person: Person, run: int, category_id: int) -> dict[str, object]:
    """The contact to create for `person`. Its reference tells a repeated run who is there already."""
    return {
        "name": person.name,
        "email": person.email or False,
        "ref": reference(person, run),
        "city": CITIES[person.number % len(CITIES)],
        "category_id": [(4, category_id)],
        "active": person.group != "archived",
    }


def reference(person: Person, run: int) -> str:
    """A name for the contact that stays the same when the run is repeated."""
    return f"DEMO-{run}-{person.number:04}"


def _names() -> Iterator[tuple[str, str]]:
    """All pairs of names, none twice, mixed so that neighbours differ in both."""
    pairs = list(product(FIRST_NAMES, LAST_NAMES))
    step = 619  # has no common divisor with 1,024, so that every pair comes once
    return (pairs[number * step % len(pairs)] for number in range(len(pairs)))


def _ascii(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.lower().replace("ø", "o").replace("ı", "i"))
    return "".join(letter for letter in plain if letter.isascii() and letter.isalpha())
