"""What a piece of work costs this process: time, CPU, memory, statements."""

from __future__ import annotations

import contextlib
import gc
import os
import re
import resource
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from odoo import sql_db

MEMORY = re.compile(r"^(VmRSS|VmHWM):\s+(\d+) kB", re.MULTILINE)


class Meter:
    """Used as a context manager; `result` has the numbers afterwards. `cr` is any cursor of the database.

    seconds, cpu_seconds (user and system, all threads), queries (statements of all cursors), rss_growth_mb (resident
    memory afterwards against before) and peak_growth_mb (the most that it was at any moment against before).
    postgresql_cpu_seconds is that of the server's processes for this database, where they run on this machine.
    """

    def __init__(self, cr: Any) -> None:
        self.result: dict[str, Any] = {}
        self._cr = cr

    def __enter__(self) -> Meter:
        gc.collect()
        self._served = self._postgresql()
        Path("/proc/self/clear_refs").write_text("5")  # the peak is counted from here
        self._memory = _memory()
        self._queries = sql_db.sql_counter
        self._cpu = _cpu()
        self._begin = time.perf_counter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        seconds, cpu = time.perf_counter() - self._begin, _cpu() - self._cpu
        memory, queries = _memory(), sql_db.sql_counter - self._queries
        self.result = {
            "seconds": seconds,
            "cpu_seconds": cpu,
            "queries": queries,
            "postgresql_cpu_seconds": self._postgresql() - self._served,
            "rss_before_mb": self._memory["VmRSS"],
            "rss_growth_mb": memory["VmRSS"] - self._memory["VmRSS"],
            "peak_growth_mb": memory["VmHWM"] - self._memory["VmRSS"],
        }

    def _postgresql(self) -> float:
        self._cr.execute("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
        return sum(_cpu_of(pid) for (pid,) in self._cr.fetchall())


def _cpu_of(pid: int) -> float:
    """The CPU seconds of a living process; none of one on another machine."""
    with contextlib.suppress(FileNotFoundError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return 0.0


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _memory() -> dict[str, float]:
    return {name: int(kilobytes) / 1024 for name, kilobytes in MEMORY.findall(Path("/proc/self/status").read_text())}
