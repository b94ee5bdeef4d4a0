"""Networks from which the servers of mail providers load images and follow links: a table, looked up in memory.

What stands here is written down by hand, never fetched while a request waits. Sources, looked at in November 2026:

* Google: the networks of its SPF records ``_netblocks.google.com``, ``_netblocks2`` and ``_netblocks3``
  (``dig TXT``; https://support.google.com/a/answer/60764), in which its image proxy lies too.
* Apple: 17.0.0.0/8 and 2620:149::/32, 2a01:b740::/32, 2403:300::/32, registered to Apple Inc. (ARIN, RIPE, APNIC). Mail
  Privacy Protection leaves by partners as well, whose networks others use too: there the name decides, not the network.

A network that is missing makes a machine pass for a person or leaves a claim unproven; nothing breaks.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import Literal

Owner = Literal["google", "apple"]

NETWORKS: dict[Owner, tuple[str, ...]] = {
    "google": (
        "35.190.247.0/24",
        "35.191.0.0/16",
        "64.233.160.0/19",
        "66.102.0.0/20",
        "66.249.80.0/20",
        "72.14.192.0/18",
        "74.125.0.0/16",
        "108.177.8.0/21",
        "108.177.96.0/19",
        "130.211.0.0/22",
        "172.217.0.0/19",
        "172.217.32.0/20",
        "172.217.128.0/19",
        "172.217.160.0/20",
        "172.217.192.0/19",
        "172.253.56.0/21",
        "172.253.112.0/20",
        "173.194.0.0/16",
        "209.85.128.0/17",
        "216.58.192.0/19",
        "216.239.32.0/19",
        "2001:4860:4000::/36",
        "2404:6800:4000::/36",
        "2607:f8b0:4000::/36",
        "2800:3f0:4000::/36",
        "2a00:1450:4000::/36",
        "2c0f:fb50:4000::/36",
    ),
    "apple": (
        "17.0.0.0/8",
        "2403:300::/32",
        "2620:149::/32",
        "2a01:b740::/32",
    ),
}


def _table() -> tuple[list[tuple[int, int]], list[tuple[int, Owner]]]:
    """Give ((version, first address), …) in order, and (last address, owner) of each: no two networks overlap."""
    found: list[tuple[tuple[int, int], tuple[int, Owner]]] = []
    for owner, texts in NETWORKS.items():
        for text in texts:
            network = ip_network(text)
            first, last = int(network.network_address), int(network.broadcast_address)
            found.append(((network.version, first), (last, owner)))
    found.sort()
    return [begin for begin, _end in found], [end for _begin, end in found]


_BEGINS, _ENDS = _table()


@lru_cache(maxsize=4096)
def owner(ip: str | None) -> Owner | None:
    """Return whose network the address `ip` is in, None for another one and for what is no address.

    >>> owner("66.249.84.1"), owner("17.58.1.2"), owner("::ffff:17.58.1.2"), owner("192.0.2.1"), owner("nonsense")
    ('google', 'apple', 'apple', None, None)
    """
    try:
        address = ip_address(ip or "")
    except ValueError:
        return None
    if address.version == 6 and address.ipv4_mapped:
        address = address.ipv4_mapped
    place = bisect_right(_BEGINS, (address.version, int(address))) - 1
    if place < 0 or _BEGINS[place][0] != address.version or int(address) > _ENDS[place][0]:
        return None
    return _ENDS[place][1]


@lru_cache(maxsize=4096)
def is_public(ip: str | None) -> bool:
    """Say whether `ip` is an address of the internet: behind a proxy that hides whose visit it is, it is not."""
    try:
        return ip_address(ip or "").is_global
    except ValueError:
        return False
