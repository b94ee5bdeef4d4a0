"""The figures that set our engine against plain clients, which send what it sent, ready-made: (c) and (d)."""

from __future__ import annotations

import statistics
from pathlib import Path

from .bench import Bench, Sample
from .proxy import delayed
from .report import Bound, Row
from .sink import Sink
from .world import counting

KEPT = 2_000  # messages that the clients send, again and again where they send more
CEILING_MAILS = 20_000
FAR_MAILS, FAR_CONNECTIONS, ROUND_TRIP = 2_000, 10, 0.020


def ceiling(bench: Bench) -> list[Row]:
    """(c) Ours against the same pipelined client with ready-made messages, as many connections, the same sink."""
    ready = kept(bench)
    mine, theirs, slots = [], [], []
    for _ in range(bench.runs):  # one after the other, so that what else the machine does meets both
        mine.append(bench.ours(CEILING_MAILS)["rate"])
        slots.append(bench.slots(CEILING_MAILS, bench.connections, 1)["rate"])
        with bench.world.sink() as sink:
            theirs.append(client(bench, "pipelined", ready, CEILING_MAILS, sink, sink.port, bench.connections)["rate"])
    ours, most = statistics.median(mine), statistics.median(theirs)
    return [
        Row("c", f"ours, {CEILING_MAILS:,} mails, {bench.connections} connections", ours, "mails/s"),
        Row("c", "the same client, ready-made messages", most, "mails/s"),
        Row("c", "share of the ceiling", 100 * ours / most, "%", Bound("≥", 40)),
        Row("c", f"ours, {bench.connections} sender slots with a connection each", statistics.median(slots), "mails/s"),
        Row("c", "their share of the ceiling", 100 * statistics.median(slots) / most, "%"),
    ]


def far_away(bench: Bench) -> list[Row]:
    """(d) Ours against smtplib with ready-made messages, 20 ms round trip, ten connections each."""
    ready = kept(bench)
    rates: dict[str, list[float]] = {"ours": [], "smtplib": [], "pipelined": []}
    python = bench.world.odoo.python
    for _ in range(bench.runs):
        for kind, taken in rates.items():
            with bench.world.sink() as sink, delayed(python, sink.port, ROUND_TRIP) as port:
                if kind == "ours":
                    sample = bench.ours_to(sink, port, FAR_MAILS, FAR_CONNECTIONS)
                else:
                    sample = client(bench, kind, ready, FAR_MAILS, sink, port, FAR_CONNECTIONS)
                taken.append(sample["rate"])
    ours, plain, most = (statistics.median(taken) for taken in rates.values())
    far = f"{ROUND_TRIP * 1000:.0f} ms away, {FAR_CONNECTIONS} connections"
    return [
        Row("d", f"ours, {far}", ours, "mails/s"),
        Row("d", f"smtplib, {far}, ready-made messages", plain, "mails/s"),
        Row("d", "our client alone, ready-made messages", most, "mails/s"),
        Row("d", "ours against smtplib", ours / plain, "times", Bound("≥", 3.5)),
    ]


def kept(bench: Bench) -> Path:
    """A folder with messages that our engine sent; made once in a run."""
    folder = bench.world.folder / "kept"
    if not folder.exists():
        folder.mkdir()
        with bench.world.sink(keep=folder) as sink:
            bench.ours_to(sink, sink.port, KEPT, bench.connections)
        # To keep them made it slower: no figure of ours.
        bench.samples[f"ours {KEPT}"].pop()
    return folder


def client(bench: Bench, kind: str, ready: Path, count: int, sink: Sink, port: int, connections: int) -> Sample:
    """Send `count` messages by a plain client in a process of its own."""
    command: list[str | Path] = [bench.world.odoo.python, "-m", "benchmarks.client", kind, ready]
    command += [str(count), str(port), str(connections)]
    sent = bench.world.process(command, f"Sending {count:,} ready-made messages ({kind})", counting(sink, count))
    bench.check(kind, count, sink, sent["accepted"])
    sample = {**sent, "count": count, "rate": count / sent["seconds"], "sink_cpu_seconds": sink.cpu_seconds()}
    bench.samples.setdefault(f"{kind} {count}", []).append(sample)
    return sample
