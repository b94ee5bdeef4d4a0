"""What the figures were taken on: without it they say nothing."""

from __future__ import annotations

import datetime
import os
import re
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path

from dev.cluster import Cluster
from dev.odoo_source import OdooSource
from dev.paths import CHECKOUT


@dataclass(frozen=True)
class Machine:
    """The machine, its programs, and the commit that was measured."""

    processor: str
    cores: int
    memory_gb: int
    load: float  # of the last minute before the figures were taken; idle is near 0
    postgresql: str
    synchronous_commit: str
    odoo: str
    commit: str
    date: str

    def sentence(self) -> str:
        """For the README."""
        return (
            f"Taken on {self.date} at commit {self.commit}: {self.cores} cores of {self.processor}, "
            f"{self.memory_gb} GB, PostgreSQL {self.postgresql} (synchronous_commit {self.synchronous_commit}), "
            f"Odoo {self.odoo}; Odoo, PostgreSQL and the mail sink share the machine, whose load was {self.load:.1f} "
            "before."
        )

    def as_json(self) -> dict[str, object]:
        """For machines."""
        return asdict(self)


def describe(cluster: Cluster, source: OdooSource) -> Machine:
    """The machine that this runs on."""
    [(version, commit_mode)] = cluster.execute(
        "SELECT current_setting('server_version'), current_setting('synchronous_commit')"
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return Machine(
        processor=_processor(),
        cores=len(os.sched_getaffinity(0)),
        memory_gb=round(memory / 2**30),
        load=os.getloadavg()[0],
        postgresql=version.split()[0],
        synchronous_commit=commit_mode,
        odoo=source.version,
        commit=_commit(),
        date=datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
    )


def _processor() -> str:
    names = re.findall(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return re.sub(r"\s+", " ", names[0]) if names else "an unnamed processor"


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    try:
        done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return "unknown"
    return done.stdout.strip() or "unknown"
