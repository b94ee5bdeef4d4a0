"""A long file of addresses imported: by our importer into a target list, by base_import into mass_mailing."""

from __future__ import annotations

import base64
from typing import Any

from odoo import SUPERUSER_ID, api

from .meter import Meter
from .setting import people, settled

HEADER = "Name,Email,Town,Voucher\n"
BATCH = 2_000  # rows that the web client asks base_import for at a time


def _file(count: int, tag: str) -> bytes:
    rows = people(count, tag)
    lines = (f"{name},{email},Town {n % 1000},V-{n}\n" for n, (name, email) in enumerate(rows))
    return (HEADER + "".join(lines)).encode()


def upload(registry: Any, count: int, tag: str, contacts: str = "none") -> dict[str, Any]:
    """Upload a file for a new list; give the id of the import.

    In a process of its own: what that takes for base64 is no memory of the import, nor may it hide it.
    """
    data = _file(count, tag)
    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        target_list = env["email.target.list"].create({"name": tag})
        values = {"list_id": target_list.id, "name": f"{tag}.csv", "contacts": contacts}
        record = env["email.target.list.import"].create({**values, "file": base64.b64encode(data)})
        settled(env)
        return {"record": record.id, "bytes": len(data)}


def ours(registry: Any, record: int) -> dict[str, Any]:
    """Read the file, show the preview and import by the scheduled job; give what that cost and what became of it."""
    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        importing = env["email.target.list.import"].browse(record)
        with Meter(cr) as meter:
            importing.action_read()
            assert importing.preview
            importing.action_import()
            cr.commit()
            importing._cron_import()
        importing.invalidate_recordset()
        return {**meter.result, "state": importing.state, "added": importing.added_count}


def mass_mailing(registry: Any, count: int, tag: str) -> dict[str, Any]:
    """Import the same file into a mailing list, in batches as the web client does."""
    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        mailing_list = env["mailing.list"].create({"name": tag})
        rows = people(count, tag)
        lines = (f"{name},{email},{tag}\n" for name, email in rows)
        record = env["base_import.import"].create(
            {
                "res_model": "mailing.contact",
                "file": ("Name,Email,List\n" + "".join(lines)).encode(),
                "file_name": f"{tag}.csv",
                "file_type": "text/csv",
            }
        )
        options = {
            "has_headers": True,
            "quoting": '"',
            "separator": ",",
            "encoding": "utf-8",
            "advanced": True,
            "limit": BATCH,
        }
        settled(env)
        with Meter(cr) as meter:
            skip = 0
            while True:
                given = record.execute_import(
                    ["name", "email", "list_ids"], ["name", "email", "list"], {**options, "skip": skip}
                )
                if wrong := given.get("messages"):
                    raise RuntimeError(f"base_import refused: {wrong[:3]}")
                env.cr.commit()
                env.invalidate_all()
                skip = given.get("nextrow")
                if not skip:
                    break
        added = env["mailing.contact"].search_count([("list_ids", "in", mailing_list.ids)])
        return {**meter.result, "added": added}
