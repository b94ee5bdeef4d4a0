"""Children never outlive the command that started them."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dev.process import Child

CHECKOUT = Path(__file__).resolve().parents[2]
# Starts a grandchild that would run for a minute, and tells both process ids.
PARENT = "sleep 60 & echo $$ $!; wait"


def runs(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until_gone(pids):
    deadline = time.monotonic() + 10
    while any(map(runs, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not any(map(runs, pids))


def test_the_whole_group_ends_with_the_block():
    with Child(["sh", "-c", PARENT], stdout=subprocess.PIPE) as child:
        pids = [int(pid) for pid in child.process.stdout.readline().split()]
        assert all(map(runs, pids))
    assert wait_until_gone(pids)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems cannot tell a child that its parent was killed")
def test_a_child_ends_even_when_its_parent_is_killed():
    program = "\n".join(
        (
            "import time",
            "from dev.process import Child",
            "Child(['sh', '-c', 'echo $$; exec sleep 60'])",
            "time.sleep(60)",
        )
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=CHECKOUT) as parent:
        pid = int(parent.stdout.readline())
        os.kill(parent.pid, signal.SIGKILL)
    assert wait_until_gone([pid])
