"""Signed tokens for links, envelope senders and Message-IDs: a few record ids and a proof that we wrote them.

Bytes of a token: 1 for the number of the key, each id as an unsigned LEB128 varint, and 10 of a message authentication
code over the purpose and all before. That is BLAKE2b with a key (RFC 7693 section 2.9), which needs one pass where
HMAC-SHA256 needs two: a mail has a dozen of them, so it is felt. The purpose is part of the proof, not of the token: a
token made for one purpose reads as nothing for another. The ids in a token can be read by anyone.

Tokens of a family have the same first id and each another second one, as the links of one mail. One code of 60 octets
is good for five of them: it is over the first id and the second one divided by five, and the rest tells which 12 octets
are the proof. Of these, 10 to 12 stand in the token, as many as make its length one that base64 needs no padding for,
so that the tokens of a mail are encoded together.
"""

from __future__ import annotations

import binascii
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from struct import Struct

MAC_SIZE = 10
MIN_KEY_SIZE = 16
_ID_LIMIT = 1 << 63
_ID_SIZE = 9  # octets of the longest varint of 63 bits
_TO_URL = bytes.maketrans(b"+/", b"-_")
_FROM_URL = bytes.maketrans(b"-_", b"+/")
_HEXADECIMAL = re.compile(r"(?:[0-9A-Fa-f]{2})+")
_MAX_KEY_SIZE = blake2b.MAX_KEY_SIZE
# A family: how many proofs one code has, and how many octets each.
_SHARE, _SHARE_SIZE = 5, 12


class Signer:
    """Signs with the `current` one of `keys` and reads what any of them signed, so that keys can be replaced.

    `keys` maps numbers 0…255 to secrets of at least 16 octets. Raises ValueError for anything else.
    """

    def __init__(self, keys: Mapping[int, bytes], current: int) -> None:
        for number, key in keys.items():
            if not 0 <= number <= 255:
                raise ValueError(f"The number of a signing key is from 0 to 255, not {number}.")
            if len(key) < MIN_KEY_SIZE:
                raise ValueError(f"Signing key {number} has {len(key)} octets, it needs at least {MIN_KEY_SIZE}.")
        if current not in keys:
            raise ValueError(f"There is no signing key with the current number {current}.")
        self._keys = {number: bytes(key) for number, key in keys.items()}
        self._current = current

    def stamp(self, purpose: str) -> Callable[[bytes], bytes]:
        """Return what `sign` does for `purpose`, as a function that takes ids as `id_octets` gives them: for many."""
        number, begin = self._beginning(purpose)

        def stamp(ids: bytes) -> bytes:
            mac = begin()
            mac.update(ids)
            return binascii.b2a_base64(number + ids + mac.digest(), newline=False).translate(_TO_URL, b"=")

        return stamp

    def stamp_local(self, purpose: str) -> Callable[[bytes], str]:
        """Return what `sign_local` does for `purpose`, as a function that takes ids as `id_octets` gives them."""
        number, begin = self._beginning(purpose)

        def stamp(ids: bytes) -> str:
            mac = begin()
            mac.update(ids)
            return (number + ids + mac.digest()).hex()

        return stamp

    def _beginning(self, purpose: str) -> tuple[bytes, Callable[[], blake2b]]:
        """Return the number of the current key, and what begins a proof by it: what all begin with is hashed once."""
        number = bytes((self._current,))
        begun = _begun(self._keys[self._current], purpose)
        begun.update(number)
        return number, begun.copy

    def family(self, purpose: str, seconds: Sequence[int]) -> Callable[[bytes], list[bytes]]:
        """Return a function that gives the tokens of one first id, as `id_octets` gives it, with each of `seconds`.

        They are for `read_family`. Raises ValueError if an id is not in 0 … 2**63 - 1.
        """
        begun = _begun(self._keys[self._current], purpose, _SHARE * _SHARE_SIZE)
        number = bytes((self._current,))
        begun.update(number)
        distinct = sorted(set(seconds))
        id_octets(*distinct)  # refuses what can't stand in a token
        order = [distinct.index(second) for second in seconds]
        is_sorted = order == list(range(len(order)))
        shares = [share.to_bytes(8, "big") for share in sorted({second // _SHARE for second in distinct})]
        layouts: dict[int, _Layout] = {}

        def stamp(first: bytes) -> list[bytes]:
            layout = layouts.get(len(first))
            if layout is None:
                layout = layouts[len(first)] = _Layout(len(first), distinct)
            mac = begun.copy()
            mac.update(first)
            codes = []
            for share in shares:
                code = mac.copy()
                code.update(share)
                codes.append(code.digest())
            raw = layout.raw(number + first, b"".join(codes))
            tokens = layout.cut(binascii.b2a_base64(raw, newline=False).translate(_TO_URL))
            return list(tokens) if is_sorted else [tokens[place] for place in order]

        return stamp

    def sign_family(self, purpose: str, first: int, second: int) -> str:
        """Return the one token of a family for these two ids."""
        return self.family(purpose, [second])(id_octets(first))[0].decode("ascii")

    def read_family(self, purpose: str, token: str) -> tuple[int, int] | None:
        """Return (first id, second id) of a `token` of a family for `purpose`, None for every other text."""
        data = _decoded(token, 2)
        if data is None or len(token) % 4 or len(data) <= MAC_SIZE or data[0] not in self._keys:
            return None
        for size in range(MAC_SIZE, _SHARE_SIZE + 1):
            if ids := _ids(data[1:-size], 2):
                break
        else:
            return None
        first, second = ids
        code = _begun(self._keys[data[0]], purpose, _SHARE * _SHARE_SIZE)
        code.update(data[:1] + id_octets(first) + (second // _SHARE).to_bytes(8, "big"))
        at = second % _SHARE * _SHARE_SIZE
        # More of the proof than is needed is no other spelling: the length says how much there is.
        if size != MAC_SIZE + -(len(data) - size + MAC_SIZE) % 3:
            return None
        if not hmac.compare_digest(code.digest()[at : at + size], data[-size:]):
            return None
        return first, second

    def sign(self, purpose: str, *ids: int) -> str:
        """Return the token of `ids` for `purpose` in URL-safe base64 without padding (RFC 4648 5).

        Raises ValueError if an id is not in 0 … 2**63 - 1.
        """
        encoded = binascii.b2a_base64(self._signed(purpose, ids), newline=False)
        return encoded.translate(_TO_URL, b"=").decode("ascii")

    def sign_local(self, purpose: str, *ids: int) -> str:
        """Return the token of `ids` in lower-case hexadecimal digits, for places that lose letter case.

        At most 40 characters for one id: a local part has room for 64 (RFC 5321 section 4.5.3.1.1).
        """
        return self._signed(purpose, ids).hex()

    def read(self, purpose: str, token: str, count: int) -> tuple[int, ...] | None:
        """Return the `count` ids of a `token` that `sign` made for `purpose`, None for every other text."""
        data = _decoded(token, count)
        return None if data is None else self._verified(purpose, data, count)

    def read_local(self, purpose: str, token: str, count: int) -> tuple[int, ...] | None:
        """Return the `count` ids of a `token` of `sign_local`, in any letter case, else None."""
        if len(token) > _text_size(count, 4) or not _HEXADECIMAL.fullmatch(token):
            return None
        return self._verified(purpose, bytes.fromhex(token), count)

    def _signed(self, purpose: str, ids: tuple[int, ...]) -> bytes:
        payload = bytes((self._current,)) + id_octets(*ids)
        return payload + _mac(self._keys[self._current], purpose, payload)

    def _verified(self, purpose: str, data: bytes, count: int) -> tuple[int, ...] | None:
        if len(data) <= MAC_SIZE or data[0] not in self._keys:
            return None
        payload = data[:-MAC_SIZE]
        if not hmac.compare_digest(_mac(self._keys[payload[0]], purpose, payload), data[-MAC_SIZE:]):
            return None
        return _ids(payload[1:], count)


class _Layout:
    """Where everything stands in the tokens of a family, whose first id has `size` octets, put one after the other.

    :param seconds: the second ids, sorted, each once
    """

    def __init__(self, size: int, seconds: Sequence[int]) -> None:
        proofs, texts, end = "", "", 0
        self._parts: list[bytes] = []
        places = {share: place for place, share in enumerate(sorted({second // _SHARE for second in seconds}))}
        for second in seconds:
            octets = id_octets(second)
            length = 1 + size + len(octets) + MAC_SIZE
            spare = -length % 3
            at = (places[second // _SHARE] * _SHARE + second % _SHARE) * _SHARE_SIZE
            proofs += f"{at - end}x{MAC_SIZE + spare}s"
            end = at + MAC_SIZE + spare
            texts += f"{(length + spare) // 3 * 4}s"
            self._parts += [b"", octets, b""]
        self._proofs = Struct(f"{proofs}{len(places) * _SHARE * _SHARE_SIZE - end}x").unpack
        #: Cuts the tokens, encoded together, into each one.
        self.cut = Struct(texts).unpack

    def raw(self, head: bytes, codes: bytes) -> bytes:
        """Return the octets of all tokens: what each begins with, the second id, and its share of `codes`."""
        parts = self._parts.copy()
        parts[0::3] = [head] * (len(parts) // 3)
        parts[2::3] = self._proofs(codes)
        return b"".join(parts)


def _decoded(token: str, count: int) -> bytes | None:
    """Return the octets of a `token` of `count` ids in URL-safe base64, None for what we would not have written."""
    if not token.isascii() or not 0 <= len(token) <= _text_size(count, 6):
        return None
    encoded = token.encode("ascii")
    try:
        data = binascii.a2b_base64(encoded.translate(_FROM_URL) + b"=" * (-len(encoded) % 4))
    except binascii.Error:
        return None
    # base64 has many spellings of the same octets; only the one that we write is ours.
    return data if binascii.b2a_base64(data, newline=False).translate(_TO_URL, b"=") == encoded else None


def _text_size(count: int, bits: int) -> int:
    """Return how many characters of `bits` bits the longest token of `count` ids has."""
    return -(-8 * (1 + _ID_SIZE * count + _SHARE_SIZE) // bits)


def id_octets(*ids: int) -> bytes:
    """Return `ids` as they stand in a token.

    Raises ValueError if one is not in 0 … 2**63 - 1.
    """
    octets = bytearray()
    for number in ids:
        if not 0 <= number < _ID_LIMIT:
            raise ValueError(f"An id in a token is from 0 to 2**63 - 1, not {number}.")
        while number > 127:
            octets.append(number & 127 | 128)
            number >>= 7
        octets.append(number)
    return bytes(octets)


def _begun(key: bytes, purpose: str, size: int = MAC_SIZE) -> blake2b:
    """Return the code of what is to come, for `purpose`, of `size` octets."""
    mac = blake2b(key=key if len(key) <= _MAX_KEY_SIZE else blake2b(key).digest(), digest_size=size)
    octets = purpose.encode("utf-8", "surrogatepass")
    # The length in front keeps ("ab", payload "c…") and ("abc", payload "…") apart.
    mac.update(len(octets).to_bytes(4, "big") + octets)
    return mac


def _mac(key: bytes, purpose: str, payload: bytes) -> bytes:
    mac = _begun(key, purpose)
    mac.update(payload)
    return mac.digest()


def _ids(octets: bytes, count: int) -> tuple[int, ...] | None:
    """Decode exactly `count` varints, each in its shortest form, with nothing left over."""
    ids = []
    number = shift = 0
    for octet in octets:
        number |= (octet & 127) << shift
        if octet & 128:
            shift += 7
            continue
        if (shift and not octet) or number >= _ID_LIMIT:
            return None
        ids.append(number)
        number = shift = 0
    return tuple(ids) if shift == 0 and len(ids) == count else None
