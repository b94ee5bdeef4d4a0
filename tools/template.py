"""Merge fields: found once, filled for every recipient.

A template is compiled in three moves. Every expression of the source is taken out and replaced by a *sentinel*, a
short ASCII word that survives HTML parsers, CSS inliners and text converters. Those tools then run once, on the whole
template. At the end the result is cut at its sentinels into *parts*: literal text, and the slots to be filled.

What is understood, in the two spellings that Odoo's own templates use::

    {{ object.name }}    {{ object.parent_id.name ||| our customer }}    {{ values.voucher }}
    <t t-out="object.name">our customer</t>    <t t-out="object.name or 'our customer'"/>

`object` is the record behind the recipient, `values` the extra columns of a list's member, `recipient` the addressee
(`recipient.name`, `recipient.email`). An expression names data and never calls anything, so nobody can run code here.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal, Union
from urllib.parse import unquote

from lxml import etree

Context = Literal["html", "text", "header", "url", "url_part"]
Kind = Literal["field", "link", "opt_out", "open"]
Part = Union[str, "Slot"]
Parts = tuple[Part, ...]

ROOTS = ("object", "values", "recipient")

_EXPRESSION = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_ENCODED_EXPRESSION = re.compile(r"%7B%7B.*?%7D%7D", re.IGNORECASE)
_PATH = re.compile(r"(?P<root>%s)(?:\.[A-Za-z_][A-Za-z0-9_]*)+" % "|".join(ROOTS))
_WITH_OR = re.compile(r"(?P<path>[\w.]+)\s+or\s+(?P<quote>['\"])(?P<default>.*)(?P=quote)", re.DOTALL)


class TemplateError(ValueError):
    """A template that can't be used: `place` (subject, body, …), `expression` as written, `explanation` for people."""

    def __init__(self, place: str, expression: str, explanation: str) -> None:
        super().__init__(f"{place}: {expression}: {explanation}")
        self.place = place
        self.expression = expression
        self.explanation = explanation


@dataclass(frozen=True)
class Slot:
    """One thing to fill in.

    `value` is the path for a field, the tracked URL for a link, and empty for the opt-out link and the open pixel.
    `context` says how the value must be written where it stands.
    """

    kind: Kind
    value: str = ""
    default: str = ""
    context: Context = "html"


def parse_expression(expression: str, place: str) -> tuple[str, str]:
    """Give (path, default) of one expression, without its braces.

    :raises TemplateError: when it is anything but a path under `object`, `values` or `recipient` with a default
    """
    written = expression.strip()
    path, bars, default = written.partition("|||")
    path, default = path.strip(), default.strip()
    if not bars and (with_or := _WITH_OR.fullmatch(path)):
        path, default = with_or["path"], with_or["default"]
    if _PATH.fullmatch(path) and "__" not in path:
        return path, default
    raise TemplateError(
        place,
        written,
        "only fields can be merged, written as object.name or object.name ||| default; code is not run",
    )


@dataclass
class Slots:
    """The slots of one template, by the sentinel that stands for each of them while other tools work on the text."""

    _slots: dict[str, Slot] = field(default_factory=dict)
    # A fresh nonce for each template: nobody can write a sentinel into the content.
    _nonce: str = field(default_factory=lambda: secrets.token_hex(6))

    def add(self, slot: Slot) -> str:
        """Give the sentinel that stands for `slot`; each occurrence in a text needs its own."""
        sentinel = f"zq{self._nonce}x{len(self._slots):04x}qz"
        self._slots[sentinel] = slot
        return sentinel

    def find(self, text: str) -> list[str]:
        """Give the sentinels that stand in `text`, in order."""
        return self._pattern.findall(text)

    def get(self, sentinel: str) -> Slot:
        """Give the slot that `sentinel` stands for."""
        return self._slots[sentinel]

    def set_context(self, sentinels: Iterable[str], context: Context) -> None:
        """Say that the slots of these sentinels stand where values are written as `context` demands."""
        for sentinel in sentinels:
            self._slots[sentinel] = replace(self._slots[sentinel], context=context)

    def take_out(self, text: str, place: str, context: Context) -> str:
        """Replace each `{{ … }}` of `text` by a sentinel.

        :raises TemplateError: for an expression that is no field
        """

        # Editors percent-encode the braces of an expression that stands in a link.
        text = _ENCODED_EXPRESSION.sub(lambda match: unquote(match[0]), text)

        def sentinel(match: re.Match[str]) -> str:
            path, default = parse_expression(match[1], place)
            return self.add(Slot("field", path, default, context))

        return _EXPRESSION.sub(sentinel, text)

    def take_out_tags(self, root: etree._Element, place: str) -> None:
        """Replace each `<t t-out="…">default</t>` below `root` by a sentinel.

        :raises TemplateError: for any other directive of QWeb
        """
        for element in list(root.iter(etree.Element)):
            directives = {name for name in element.attrib if str(name).startswith("t-")}
            if not directives:
                continue
            written = etree.tostring(element, encoding="unicode", with_tail=False)[:120]
            if directives - {"t-out", "t-esc"} or len(directives) != 1 or len(element):
                raise TemplateError(
                    place,
                    written,
                    "of QWeb's directives only a plain t-out with a field can be used in a mass email",
                )
            path, default = parse_expression(element.attrib[directives.pop()], place)
            default = default or (element.text or "").strip()
            sentinel = self.add(Slot("field", path, default, "html"))
            if element.tag == "t":
                _replace_by_text(element, sentinel)
            else:
                for name in ("t-out", "t-esc"):
                    element.attrib.pop(name, None)
                element.text = sentinel

    def cut(self, text: str, context: Context | None = None) -> Parts:
        """Cut `text` at its sentinels into parts; `context` overrides that of field slots (a URL keeps its own)."""
        parts: list[Part] = []
        for piece in self._cutter.split(text):
            if piece in self._slots:
                slot = self._slots[piece]
                parts.append(slot if context is None else replace(slot, context=context))
            elif piece:
                parts.append(piece)
        return tuple(parts)

    @property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(rf"zq{self._nonce}x[0-9a-f]{{4,}}qz")

    @property
    def _cutter(self) -> re.Pattern[str]:
        return re.compile(rf"(zq{self._nonce}x[0-9a-f]{{4,}}qz)")


def paths(*texts: Parts) -> set[str]:
    """Give the paths of all fields that stand in `texts`."""
    return {
        part.value for parts in texts for part in parts if isinstance(part, Slot) and part.kind == "field"
    }


def _replace_by_text(element: etree._Element, text: str) -> None:
    """Put `text` where `element` stands, keeping the text that follows it."""
    parent = element.getparent()
    if parent is None:
        raise TemplateError("body", "t-out", "a t-out can't be the whole document")
    text += element.tail or ""
    previous = element.getprevious()
    if previous is not None:
        previous.tail = (previous.tail or "") + text
    else:
        parent.text = (parent.text or "") + text
    parent.remove(element)
