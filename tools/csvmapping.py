"""From the columns of a table to members of a list: what each column probably is, and what a row says."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from . import address
from .csvfile import Row, restored
from .csvsniff import addresses_by_column

#: What a column can be. First and last name make the name, and are values besides.
TARGETS = ("email", "name", "first_name", "last_name", "lang", "value", "ignore")
MAX_KEY = 60

_NAMES = {
    "email": "email e-mail mail e_mail emailaddress mailadresse emailadresse courriel correo posta",
    "name": "name fullname displayname contact contactname kontakt nom nombre nome naam namn navn recipient",
    "first_name": "firstname givenname forename first vorname prenom nombredepila voornaam fornavn",
    "last_name": "lastname surname familyname last nachname familienname nomdefamille apellido apellidos cognome "
    "achternaam efternamn etternavn",
    "lang": "language lang locale sprache langue idioma lingua taal",
    # What our own file of refused rows has besides.
    "ignore": "refusedbecause rowinfile",
}
_TARGET_OF = {
    name.replace("-", "").replace("_", ""): target for target, names in _NAMES.items() for name in names.split()
}
_CONTACT_FIELDS = {
    "phone": "phone telephone tel telefon phonenumber mobile mobil cell",
    "street": "street address strasse address1 addressline1 rue",
    "street2": "street2 address2 addressline2",
    "zip": "zip zipcode postcode postalcode plz codepostal",
    "city": "city town ort stadt ville ciudad",
    "function": "jobposition jobtitle job position function role funktion",
    "company_name": "company companyname organisation organization firma societe empresa",
    "website": "website web url homepage",
    "ref": "reference ref customernumber kundennummer",
}
_CONTACT_FIELD_OF = {name: field for field, names in _CONTACT_FIELDS.items() for name in names.split()}
_SPELLED = str.maketrans({"ß": "ss", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "þ": "th", "œ": "oe"})
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


@dataclass(frozen=True)
class Column:
    """What one column is taken for; `key` names its merge value, `contact_field` what it fills in a new contact."""

    target: str
    key: str = ""
    contact_field: str = ""


@dataclass(frozen=True)
class Entry:
    """One member as a row tells it; what it tells nothing of is empty."""

    email: str
    name: str = ""
    lang: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    contact: Mapping[str, str] = field(default_factory=dict)


class RefusedError(ValueError):
    """A row that can't become a member.

    `reason` is one of Row.problem, or address_ with a reason of AddressError (`explanation` is its sentence then), or
    unknown_lang. `value` is what can't be used.
    """

    def __init__(self, reason: str, value: str = "", explanation: str = "") -> None:
        super().__init__(f"{reason}: {value}")
        self.reason = reason
        self.value = value
        self.explanation = explanation

    @classmethod
    def of(cls, error: address.AddressError) -> RefusedError:
        """What a cell with a wrong address is refused for."""
        return cls(f"address_{error.reason}", error.value, error.explanation)


def _folded(name: str) -> str:
    """Return a name in lower case without accents."""
    plain = unicodedata.normalize("NFKD", name.casefold().translate(_SPELLED))
    return "".join(char for char in plain if not unicodedata.combining(char))


def _bare(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", _folded(name))


def key(name: str, number: int, taken: Sequence[str] = ()) -> str:
    """Return the key under which the column `name`, the `number`th, is merged: {{ values.key }}; none of `taken`."""
    made = re.sub(r"[^a-z0-9]+", "_", _folded(name)).strip("_")[:MAX_KEY].strip("_")
    if not made or made[0].isdigit():
        made = f"column_{made or number}"
    found, count = made, 1
    while found in taken:
        count += 1
        found = f"{made}_{count}"
    return found


def is_key(text: str) -> bool:
    """Tell whether `text` can stand behind ``values.`` in a merge field."""
    return re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", text) is not None and "__" not in text and len(text) <= MAX_KEY + 10


def guess(header: Sequence[str], sample: list[list[str]]) -> list[Column]:
    """Return what the columns probably are, by their names and by what is in the `sample` of rows."""
    email = _email_column(header, sample)
    is_named = any(header)
    seen: set[str] = set()
    columns: list[Column] = []
    for number, name in enumerate(header):
        target = "email" if number == email else _TARGET_OF.get(_bare(name), "value")
        if target == "email" and number != email:
            target = "value"
        if not is_named and target == "value" and "name" not in seen and _has_words(number, sample):
            target = "name"
        if target in seen and target not in ("value", "ignore"):
            target = "value"
        if not name and not any(len(cells) > number and cells[number].strip() for cells in sample):
            target = "ignore"
        seen.add(target)
        made = key(name, number + 1, [column.key for column in columns]) if target in _VALUES else ""
        columns.append(Column(target, made, _CONTACT_FIELD_OF.get(_bare(name), "") if target == "value" else ""))
    return columns


_VALUES = ("value", "first_name", "last_name")


def _email_column(header: Sequence[str], sample: list[list[str]]) -> int | None:
    counts = addresses_by_column(sample)
    scores = []
    for number, name in enumerate(header):
        share = counts[number] / len(sample) if sample and number < len(counts) else 0.0
        bare = _bare(name)
        named = 0.6 if _TARGET_OF.get(bare) == "email" else 0.25 if "mail" in bare else 0.0
        scores.append(share + named)
    best = max(scores, default=0.0)
    return scores.index(best) if best >= 0.2 else None


def _has_words(number: int, sample: list[list[str]]) -> bool:
    cells = [cells[number].strip() for cells in sample if len(cells) > number]
    return bool(cells) and sum(1 for cell in cells if re.search(r"[^\W\d_]{2}", cell)) * 2 > len(cells)


class Judge:
    """Makes members of rows, by what the columns are; `langs` gives the code for each spelling of a language."""

    def __init__(self, columns: Sequence[Column], langs: Mapping[str, str]) -> None:
        self._langs = langs
        self._places = {
            target: [number for number, column in enumerate(columns) if column.target == target] for target in TARGETS
        }
        self._values = [(number, column.key) for number, column in enumerate(columns) if column.target in _VALUES]
        self._contact = [
            (number, column.contact_field) for number, column in enumerate(columns) if column.contact_field
        ]

    def entries(self, row: Row) -> list[Entry]:
        """Return the members that `row` stands for: one for each address in it.

        :raises RefusedError: for the whole row, if any part of it can't be used
        """
        if row.problem:
            raise RefusedError(row.problem)
        cells = [restored(cell) for cell in row.cells]
        name = self._joined(cells, "name") or self._joined(cells, "first_name", "last_name")
        values = {key: cells[number].strip() for number, key in self._values if cells[number].strip()}
        contact = {name: cells[number].strip() for number, name in self._contact if cells[number].strip()}
        lang = self._lang(self._joined(cells, "lang"))
        entries: dict[str, Entry] = {}
        for email, own_name in self._addresses(cells):
            entries.setdefault(email, Entry(email, name or own_name, lang, values, contact))
        return list(entries.values())

    def _joined(self, cells: list[str], *targets: str) -> str:
        text = " ".join(cells[number] for target in targets for number in self._places[target])
        return " ".join(_CONTROL.sub(" ", text).split())

    def _lang(self, text: str) -> str:
        if not text:
            return ""
        spelling = text.casefold().replace("-", "_")
        if spelling not in self._langs:
            raise RefusedError("unknown_lang", text)
        return self._langs[spelling]

    def _addresses(self, cells: list[str]) -> list[tuple[str, str]]:
        found = []
        for number in self._places["email"]:
            cell = cells[number]
            try:
                # As nearly all are; where there are several, each is told of by itself.
                found.append((address.entered(cell), address.display_name(cell)))
                continue
            except address.AddressError as error:
                if error.reason != "several":
                    if error.reason == "empty":
                        continue
                    raise RefusedError.of(error) from error
            for piece in address.split(cell):
                try:
                    found.append((address.entered(piece), address.display_name(piece)))
                except address.AddressError as error:
                    raise RefusedError.of(error) from error
        if not found:
            raise RefusedError("address_empty")
        return found
