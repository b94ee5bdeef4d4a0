"""A mail server for trying things out: it keeps every message, sends none of them on, and can bounce.

Run it with ``python -m dev.sandbox``; what happens to which address is the table in :mod:`.behaviour`.
It listens on the loopback interface only.
"""
