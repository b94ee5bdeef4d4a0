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

import html
import re
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Literal, Union
from urllib.parse import unquote

from lxml import etree

#: How a value must be written where it stands: between tags, in an attribute, in a CSS declaration, in plain text, in
#: a header; as the beginning of a link, further on in a link, or as the address of a mailto: or tel: link. A whole
#: link, `url_tracked`, is written as its beginning, or as the tracked link that leads to it.
Context = Literal["html", "attribute", "css", "text", "header", "url", "url_part", "url_address", "url_tracked"]
Kind = Literal["field", "link", "opt_out", "preferences", "open", "view"]
Part = Union[str, "Slot"]
Parts = tuple[Part, ...]

ROOTS = ("object", "values", "recipient")

# None of these reads beyond the next pair of braces, so that a megabyte of them takes no longer than any other.
_EXPRESSION = re.compile(r"\{\{((?:[^{}]|\{(?!\{)|\}(?!\}))*)\}\}")
_ENCODED_EXPRESSION = re.compile(r"%7B%7B(?:(?!%7[BD]%7[BD])[^\"<>])*%7D%7D", re.IGNORECASE)
# HTML has no empty elements but its own: what follows such a tag would be taken for what is inside.
_EMPTY_TAG = re.compile(r"<t(\s[^<>]*)/>", re.IGNORECASE)
_LONGEST_SHOWN = 120
_PATH = re.compile(rf"(?:{'|'.join(ROOTS)})(?:\.[A-Za-z_][A-Za-z0-9_]*)+")
_WITH_OR = re.compile(r"(?P<path>[\w.]+)\s+or\s+(?:'(?P<single>[^'\\]*)'|\"(?P<double>[^\"\\]*)\")")


class TemplateError(ValueError):
    """A template that can't be used: `place` (subject, body, …), `expression` as written, `explanation` for people."""

    def __init__(self, place: str, expression: str, explanation: str) -> None:
        super().__init__(f"{place}: {expression}: {explanation}")
        self.place = place
        self.expression = expression
        self.explanation = explanation


class CodeError(TemplateError):
    """What only QWeb could make something of."""


@dataclass(frozen=True)
class Slot:
    """One thing to fill in.

    `value` is the path for a field, the tracked URL for a link, and empty for the links to opting out, to the
    preference centre and to the view in a browser, and for the open pixel.
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
        path, default = with_or["path"], with_or["single"] or with_or["double"] or ""
    if _PATH.fullmatch(path) and "__" not in path:
        return path, default
    raise CodeError(
        place,
        written[:_LONGEST_SHOWN],
        "only fields can be merged, written as object.name or object.name ||| default; code is not run",
    )


@dataclass
class Slots:
    """The slots of one template, by the sentinel that stands for each of them while other tools work on the text."""

    _slots: dict[str, Slot] = field(default_factory=dict)
    _written: dict[str, str] = field(default_factory=dict)
    # A fresh nonce for each template: nobody can write a sentinel into the content.
    _nonce: str = field(default_factory=lambda: secrets.token_hex(6))

    def __post_init__(self) -> None:
        self._pattern = re.compile(rf"zq{self._nonce}x[0-9a-f]{{4,}}qz")
        self._cutter = re.compile(rf"({self._pattern.pattern})")

    def add(self, slot: Slot, written: str = "") -> str:
        """Give the sentinel that stands for `slot`, `written` so in the source; each occurrence needs its own."""
        sentinel = f"zq{self._nonce}x{len(self._written):04x}qz"
        self._slots[sentinel] = slot
        self._written[sentinel] = written
        return sentinel

    def find(self, text: str) -> list[str]:
        """Give the sentinels that stand in `text`, in order."""
        return self._pattern.findall(text)

    def get(self, sentinel: str) -> Slot:
        """Give the slot that `sentinel` stands for."""
        return self._slots[sentinel]

    def forget(self, sentinels: Iterable[str]) -> None:
        """Drop the slots of `sentinels`: what they stood in is no part of the mail."""
        for sentinel in sentinels:
            del self._slots[sentinel]

    def all(self) -> list[str]:
        """Give all sentinels, in the order in which they were added."""
        return list(self._slots)

    def set_context(self, sentinels: Iterable[str], context: Context) -> None:
        """Say that the slots of these sentinels stand where values are written as `context` demands."""
        for sentinel in sentinels:
            self._slots[sentinel] = replace(self._slots[sentinel], context=context)

    def as_written(self, text: str) -> str:
        """Give `text` with what its author wrote in the place of sentinels: to show it to people."""
        return self._pattern.sub(lambda match: self._written[match[0]], text)

    def take_out(self, text: str, place: str, context: Context) -> str:
        """Replace each `{{ … }}` of `text` by a sentinel.

        :raises TemplateError: for an expression that is no field, and for braces that are never closed
        """
        # Editors percent-encode the braces of an expression that stands in a link.
        text = _ENCODED_EXPRESSION.sub(lambda match: unquote(match[0]), text)

        def sentinel(match: re.Match[str]) -> str:
            expression = html.unescape(match[1]) if context == "html" else match[1]
            path, default = parse_expression(expression, place)
            return self.add(Slot("field", path, default, context), match[0])

        text = _EXPRESSION.sub(sentinel, text)
        if (start := text.find("{{")) >= 0:
            shown = self.as_written(text[start : start + _LONGEST_SHOWN // 2])
            raise TemplateError(place, shown, "these braces are never closed; write a field as {{ object.name }}")
        return text

    def take_out_tags(self, root: etree._Element, place: str) -> None:
        """Replace each `<t t-out="…">default</t>` below `root` by a sentinel.

        :raises CodeError: for any other directive of QWeb
        """
        for element in list(root.iter(etree.Element)):
            directives = {name for name in element.attrib if str(name).startswith("t-")}
            if not directives:
                continue
            markup = self.as_written(etree.tostring(element, encoding="unicode", with_tail=False))
            inside = element.text or ""
            plain = len(directives) == 1 and directives <= {"t-out", "t-esc"}
            if not plain or len(element) or self.find(inside):
                raise CodeError(
                    place,
                    markup[:_LONGEST_SHOWN],
                    "of QWeb's directives only a t-out with a field and a plain default can be used in a mass email",
                )
            expression = self.as_written(element.attrib.pop(directives.pop()))
            path, default = parse_expression(expression, place)
            sentinel = self.add(Slot("field", path, default or inside.strip(), "html"), markup)
            if element.tag == "t":
                _replace_by_text(element, sentinel)
            else:
                element.text = sentinel

    def fill(self, text: str, value: Callable[[Slot], str]) -> str:
        """Give `text` with what `value` gives in the place of each sentinel."""
        return self._pattern.sub(lambda match: value(self._slots[match[0]]), text)

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


def paths(*texts: Parts) -> set[str]:
    """Give the paths of all fields that stand in `texts`."""
    return {part.value for parts in texts for part in parts if isinstance(part, Slot) and part.kind == "field"}


def close_empty_tags(markup: str) -> str:
    """Give `markup` with `<t …/>` written as `<t …></t>`, which is what an HTML parser understands."""
    return _EMPTY_TAG.sub(r"<t\1></t>", markup)


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
