"""The pure parts of benchmarks/, and that the delaying proxy delays."""

import socket
import sys
import threading
import time
from pathlib import Path

import pytest

from benchmarks import arguments, report
from benchmarks.proxy import delayed
from benchmarks.ready import read, repeated
from benchmarks.report import Bound, Row
from dev.errors import Problem

KEPT = b"""X-Client-Addr: 127.0.0.1
X-Client-Proto: ESMTP
X-Helo-Args: crm.example
X-Mail-Args: <bounce+t0k@crm.example> BODY=8BITMIME SIZE=40
X-Rcpt-Args: <ann@good.example>
Received: from crm.example ([127.0.0.1])
\tby smtp-sink (smtp-sink) with ESMTP id 2d97b795;
\tSun, 22 Nov 2026 05:11:50 +0000 (UTC)
Subject: x
 goes on

Hi

"""


@pytest.mark.parametrize(
    ("value", "text"), [(8234.5, "8,234"), (150.0, "150"), (27.345, "27.3"), (0.0456, "0.0456"), (0, "0"), (3.5, "3.5")]
)
def test_numbers_as_people_write_them(value, text):
    assert report.number(value) == text


def test_bounds():
    assert Row("a", "ratio", 151.0, "times", Bound("≥", 150)).verdict == "met"
    assert Row("a", "ratio", 149.9, "times", Bound("≥", 150)).verdict == "missed"
    assert Row("b", "memory", 50.0, "MB", Bound("≤", 50)).verdict == "met"
    assert Row("b", "rate", 1.0, "mails/s").verdict == ""


def test_the_table_is_restructuredtext_of_equal_columns():
    from docutils.core import publish_doctree
    from docutils.nodes import entry, row

    rows = [Row("a", "ours", 5000.0, "mails/s"), Row("b", "memory", 60.0, "MB", Bound("≤", 50))]
    tree = publish_doctree(report.table(rows), settings_overrides={"report_level": 2, "halt_level": 2})
    cells = [[cell.astext() for cell in found.findall(entry)] for found in tree.findall(row)]
    assert cells == [
        ["", "Figure", "Measured", "Wanted", ""],
        ["a", "ours", "5,000 mails/s", "", ""],
        ["b", "memory", "60 MB", "≤ 50 MB", "missed"],
    ]


def test_only_what_is_between_the_markers_is_replaced():
    readme = f"Before\n\n{report.BEGIN}\n\nold \\1\n\n{report.END}\n\nAfter\n"
    once = report.replaced(readme, "new \\1\n")
    assert once == f"Before\n\n{report.BEGIN}\n\nnew \\1\n\n{report.END}\n\nAfter\n"
    assert report.replaced(once, "new \\1") == once


def test_a_readme_without_markers_is_left_alone():
    with pytest.raises(ValueError, match="begin figures"):
        report.replaced("Nothing\n", "new")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["z"], "no figure `z`"),
        (["a", "--readme"], "--readme needs all figures"),
        (["--runs", "0"], "`0` is not a number from 1 to 100"),
        (["--connections", "many"], "`many` is not a number"),
        (["--json", "/nowhere/at/all.json"], "there is no folder /nowhere/at"),
        (["--fast"], "--fast"),
    ],
)
def test_what_cannot_be_asked_for_is_refused_with_the_ways_to_ask(words, complaint):
    with pytest.raises(Problem, match=complaint) as raised:
        arguments.parse(words)
    assert 'make bench ARGS="a c"' in str(raised.value)


def test_all_figures_unless_some_are_named():
    assert arguments.parse([]).figures == tuple("abcdefghijl")
    assert arguments.parse(["c", "a", "c"]).figures == ("c", "a")


def test_ready_made_messages_are_what_was_sent(tmp_path):
    (tmp_path / "m.1").write_bytes(KEPT)
    [mail] = read(tmp_path)
    assert (mail.mail_from, mail.rcpt_to) == ("bounce+t0k@crm.example", "ann@good.example")
    assert mail.data == b"Subject: x\r\n goes on\r\n\r\nHi\r\n"
    assert [again.key for again in repeated([mail], 3)] == [0, 1, 2]


@pytest.mark.parametrize("kept", [b"Subject: x\n\nHi\n\n", KEPT.replace(b"Hi", b".Hi")])
def test_what_may_not_be_the_very_bytes_is_refused(tmp_path, kept):
    (tmp_path / "m.1").write_bytes(kept)
    with pytest.raises(ValueError, match=r"smtp-sink|dot"):
        read(tmp_path)


@pytest.fixture
def echo():
    """A server that sends back what it gets until the end, then ends too; gives its port."""

    def serve(connection):
        with connection:
            while data := connection.recv(65536):
                connection.sendall(data)

    def accept():
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=accept, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def test_the_proxy_delays_by_the_round_trip_and_no_more(echo):
    with delayed(Path(sys.executable), echo, 0.030) as port, socket.create_connection(("127.0.0.1", port)) as line:
        times = []
        for number in range(20):
            begin = time.monotonic()
            line.sendall(b"%d" % number)
            assert line.recv(100) == b"%d" % number
            times.append(time.monotonic() - begin)
        assert min(times) >= 0.030
        # On a busy machine some come late, hardly the fastest of twenty.
        assert min(times) < 0.040


def test_the_proxy_keeps_order_and_loses_nothing(echo):
    sent = b"".join(b"%07d\n" % number for number in range(500_000))
    got = bytearray()
    with delayed(Path(sys.executable), echo, 0.010) as port, socket.create_connection(("127.0.0.1", port)) as line:

        def write():
            line.sendall(sent)
            line.shutdown(socket.SHUT_WR)

        writer = threading.Thread(target=write)
        writer.start()
        while data := line.recv(1 << 20):
            got += data
        writer.join()
    assert bytes(got) == sent
