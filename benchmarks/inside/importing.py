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


def ours(registry: Any, count: int, tag: str, contacts: str = "none") -> dict[str, Any]:
    """Read a file, preview and import it by the scheduled job; give what that cost and what became of the rows."""
    data = _file(count, tag)
    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        target_list = env["email.target.list"].create({"name": tag})
        values = {"list_id": target_list.id, "name": f"{tag}.csv", "contacts": contacts}
        record = env["email.target.list.import"].create({**values, "file": base64.b64encode(data)})
        settled(env)
        env.invalidate_all()
        with Meter(cr) as meter:
            record.action_read()
            assert record.preview  # as the page shows it
            record.action_import()
            env.cr.commit()
            env["email.target.list.import"]._cron_import()
        record.invalidate_recordset()
        return {**meter.result, "state": record.state, "added": record.added_count, "bytes": len(data)}


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
