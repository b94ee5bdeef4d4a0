"""The answer to a message: which of the builders writes it."""

from . import arf, autoreply, dsn
from .behaviour import Answer
from .records import Message


def build(message: Message, raw: bytes) -> bytes:
    """The octets of the answer that ``message`` is due, or none where it is due none."""
    if not message.answer:
        return b""
    answer = Answer(message.answer)
    if answer is Answer.COMPLAINT:
        return arf.build(message, raw)
    if answer is Answer.AUTO:
        return autoreply.build(message, raw)
    return dsn.build(message, answer, raw)
