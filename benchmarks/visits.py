"""Clicks, open pixels and one-click opt-outs, against the framework's floor and mass_mailing."""

from __future__ import annotations

import json
import signal
import statistics
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dev.errors import Problem
from dev.paths import CHECKOUT, LOGS
from dev.process import Child

from .bench import Bench
from .report import Bound, Row
from .sink import HOST, free_port

WORKERS, CONNECTIONS = 2, 8
OURS, THEIRS, WARM = 2_000, 600, 60  # requests of a kind in a run; before it, to have everything loaded
HEALTH = "/web/health"
ONE_CLICK = "List-Unsubscribe=One-Click"
START_SECONDS = 90.0


def visits(bench: Bench) -> list[Row]:
    """(j) First visits of recipients, each of another one, to two workers; what the log says must agree."""
    world, runs = bench.world, bench.runs
    with world.sink() as sink:
        count, title = runs * OURS + WARM, "A mass email for visits"
        mine = world.job(world.ours, "visits.ours", title, count=count, host=HOST, port=sink.port)
    theirs = world.job(world.mass_mailing, "visits.theirs", "The same of mass_mailing", count=runs * THEIRS + WARM)
    rates: dict[str, list[float]] = {}
    with _server(bench, world.ours) as port:
        health = {"paths": [HEALTH] * (runs * OURS + WARM), "status": 200}
        click, opened = {"paths": mine["click"], "status": 302}, {"paths": mine["open"], "status": 200}
        leave = {"paths": mine["leave"], "status": 200, "method": "POST", "body": ONE_CLICK}
        kinds = {"health": health, "click": click, "open": opened, "leave": leave}
        _measure(bench, port, kinds, OURS, rates)
    with _server(bench, world.mass_mailing) as port:
        kinds = {
            # Visitors of the same link meet at its counter, and some fail for good after five tries.
            "their click": {"paths": theirs["click"], "status": 301, "failing": True},
            "their open": {"paths": theirs["open"], "status": 200},
        }
        _measure(bench, port, kinds, THEIRS, rates)
    written = world.job(world.ours, "visits.written", "Counting what was written")
    expected = {"click": OURS * runs + WARM, "open": OURS * runs + WARM, "opt_out": OURS * runs + WARM}
    if any(written.get(kind) != count for kind, count in expected.items()):
        raise Problem(f"Of visits by kind {expected} were made, and the log has {written}.")
    found = {kind: statistics.median(taken) for kind, taken in rates.items()}
    floor = found["health"]
    return [
        Row("j", f"the framework's floor, {HEALTH}, {WORKERS} workers", floor, "/s"),
        Row("j", "ours: clicks", found["click"], "/s"),
        Row("j", "mass_mailing: clicks", found["their click"], "/s"),
        Row("j", "mass_mailing: clicks answered by an error", _failed(bench, "their click"), "%"),
        Row("j", "clicks, ours against mass_mailing", found["click"] / found["their click"], "times", Bound("≥", 4)),
        Row("j", "clicks, share of the floor", 100 * found["click"] / floor, "%", Bound("≥", 50)),
        Row("j", "ours: open pixels", found["open"], "/s"),
        Row("j", "mass_mailing: open pixels", found["their open"], "/s"),
        Row("j", "pixels, ours against mass_mailing", found["open"] / found["their open"], "times", Bound("≥", 4)),
        Row("j", "pixels, share of the floor", 100 * found["open"] / floor, "%", Bound("≥", 50)),
        Row("j", "ours: one-click opt-outs", found["leave"], "/s", Bound("≥", 200)),
    ]


def _failed(bench: Bench, kind: str) -> float:
    samples = bench.samples[kind]
    return 100 * sum(sample["failed"] for sample in samples) / sum(sample["count"] for sample in samples)


def _measure(
    bench: Bench, port: int, kinds: dict[str, dict[str, object]], count: int, rates: dict[str, list[float]]
) -> None:
    """Ask for `count` of each kind, one kind after the other, as often as there are runs."""
    for kind, asked in kinds.items():
        _ask(bench, port, kind, asked, 0, WARM)
    for run in range(bench.runs):
        for kind, asked in kinds.items():
            done = _ask(bench, port, kind, asked, WARM + run * count, count)
            rates.setdefault(kind, []).append(done["count"] / done["seconds"])
            bench.samples.setdefault(kind, []).append(done)


def _ask(bench: Bench, port: int, kind: str, asked: dict[str, object], begin: int, count: int) -> dict[str, float]:
    paths = asked["paths"]
    assert isinstance(paths, list)
    file = bench.world.folder / "asked.json"
    file.write_text(json.dumps({"method": "GET", "body": "", **asked, "paths": paths[begin : begin + count]}))
    command: list[str | Path] = [
        bench.world.odoo.python,
        "-m",
        "benchmarks.visiting",
        str(port),
        str(CONNECTIONS),
        file,
    ]
    return bench.world.process(command, f"{count:,} times {kind}")


@contextmanager
def _server(bench: Bench, database: str) -> Iterator[int]:
    """Odoo with two workers on `database`, outside any test mode; its port."""
    odoo, port = bench.world.odoo, free_port()
    # With workers Odoo starts itself once more, for the websocket, by the file that it was started by. `-m odoo` is
    # none, and it would try again several times a second for as long as is measured.
    script = bench.world.folder / "odoo-bin"
    script.write_text("import odoo.cli\n\nodoo.cli.main()\n")
    command: list[str | Path] = [
        odoo.python,
        script,
        "server",
        "-c",
        odoo.config,
        "-d",
        database,
        f"--http-port={port}",
    ]
    command += [f"--gevent-port={free_port()}", f"--workers={WORKERS}", "--max-cron-threads=0"]
    log = LOGS / "bench-server.log"
    with (
        log.open("wb") as output,
        Child(
            command, environ=odoo.environ, cwd=CHECKOUT, stdout=output, stderr=output, stop_signal=signal.SIGINT
        ) as child,
    ):
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                urllib.request.urlopen(f"http://{HOST}:{port}{HEALTH}", timeout=30).close()
                break
            except (urllib.error.URLError, ConnectionError, TimeoutError) as error:
                if not child.is_running() or time.monotonic() > deadline:
                    raise Problem(
                        f"The server of the benchmark does not answer ({error}). Its log is {log}."
                    ) from error
                time.sleep(0.2)
        yield port
