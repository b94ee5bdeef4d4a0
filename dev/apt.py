"""Downloading Debian packages into a private folder, without touching the system's own package state.

Works for an ordinary user: `apt-get download` needs no rights once it has lists, state and cache of its own.
The mirror is the one that this machine is set up to use.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from .errors import Problem
from .process import Child, run
from .progress import Step

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
# Suites beside the main one that live at the same or another address but do not carry all packages.
SIDE_SUITES = ("-security", "-updates", "-backports", "-proposed")
NO_NETWORK = (
    "Check the network, and that `apt-get update` works on this machine; a proxy belongs into apt's own "
    "configuration. Or point ODOO_SRC at the folder of an Odoo 19 source that you already have."
)


def require_tools() -> None:
    """Say which of Debian's tools is missing."""
    missing = [tool for tool in ("apt-get", "dpkg-deb") if not shutil.which(tool)]
    if missing:
        raise Problem(
            f"{' and '.join(missing)} not found: Odoo's source is taken from a Debian package. On "
            "Debian or Ubuntu install the packages apt and dpkg; on another system get the source of "
            "Odoo 19 Community and point ODOO_SRC at its folder."
        )


def mirrors() -> list[str]:
    """Addresses that this machine's apt uses for complete suites, in its own order."""
    code, output = run(["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE)", "Created-By: Packages"])
    found: list[str] = []
    for line in output.splitlines() if code == 0 else []:
        address, _, suite = line.strip().partition(" ")
        if address and suite and not suite.endswith(SIDE_SUITES) and address not in found:
            found.append(address)
    # A third-party repository never has "debian" as its last folder; the main mirror nearly always has.
    found.sort(key=lambda address: not address.rstrip("/").endswith("/debian"))
    if not found:
        raise Problem(
            "apt on this machine names no mirror with a main suite (looked with `apt-get indextargets`), so "
            "Odoo's package cannot be found. Add one to /etc/apt/sources.list, or point ODOO_SRC at the "
            "folder of an Odoo 19 source that you already have."
        )
    return found


class PrivateApt:
    """An apt with its own folder, knowing the given suites of one mirror."""

    def __init__(self, folder: Path, mirror: str, suites: Sequence[str]) -> None:
        self.folder = folder
        signed = f"[signed-by={KEYRING}] " if KEYRING.exists() else ""
        for name in ("lists/partial", "cache/archives/partial"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        sources = folder / "sources.list"
        sources.write_text("".join(f"deb {signed}{mirror} {suite} main\n" for suite in suites))
        # Read after the machine's own configuration: keeps its proxy and certificates, drops its hooks.
        config = folder / "apt.conf"
        config.write_text(
            f"""
            Dir::Etc::sourcelist "{sources}";
            Dir::Etc::sourceparts "/dev/null";
            Dir::State::lists "{folder}/lists";
            Dir::State::status "/dev/null";
            Dir::Cache "{folder}/cache";
            Acquire::Languages "none";
            Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
            Acquire::Retries "3";
            APT::Sandbox::User "{_user_name()}";
            #clear APT::Update::Pre-Invoke;
            #clear APT::Update::Post-Invoke;
            #clear APT::Update::Post-Invoke-Success;
            """
        )
        self._command = ["apt-get", "-c", str(config)]

    def update(self, log: Path) -> bool:
        """Fetch the lists; whether the mirror has all suites."""
        code, _ = run([*self._command, "-o", "APT::Update::Error-Mode=any", "update"], log=log)
        return code == 0

    def sizes(self, packages: Sequence[str]) -> dict[str, int]:
        """File names and sizes of the packages, as far as the lists have them."""
        code, output = run([*self._command, "--print-uris", "download", *packages])
        rows = [line.split() for line in output.splitlines() if line.startswith("'")]
        return {row[1]: int(row[2]) for row in rows} if code == 0 else {}

    def download(self, packages: Sequence[str], target: Path, log: Path) -> list[Path]:
        """Download into `target`, which appears only when it is complete."""
        total = sum(self.sizes(packages).values())
        if not total:
            raise Problem(
                f"The mirror that apt uses here lacks one of {', '.join(packages)}. Details: {log}. Choose "
                "another mirror in apt's configuration, or point ODOO_SRC at an Odoo 19 source."
            )
        partial = Path(tempfile.mkdtemp(prefix="partial-", dir=target.parent))
        try:
            with (
                Step(f"Downloading {len(packages)} packages, {total / 1e6:.0f} MB") as step,
                log.open("ab") as sink,
            ):
                command = [*self._command, "download", *packages]
                with Child(command, cwd=partial, stdout=sink, stderr=subprocess.STDOUT) as child:
                    while True:
                        try:
                            code = child.process.wait(0.3)
                            break
                        except subprocess.TimeoutExpired:
                            done = sum(file.stat().st_size for file in partial.iterdir() if file.is_file())
                            step.update(done / total, f"{done / 1e6:.0f} MB")
                if code:
                    raise Problem(f"Downloading Odoo's packages failed; apt's words are in {log}. {NO_NETWORK}")
            shutil.rmtree(target, ignore_errors=True)
            partial.rename(target)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        return sorted(target.glob("*.deb"))


def open_private_apt(folder: Path, suites: Sequence[str], log: Path) -> PrivateApt:
    """The private apt for the first of this machine's mirrors that serves all `suites`."""
    tried = mirrors()
    with Step(f"Reading the package lists of {', '.join(suites)}"):
        for mirror in tried:
            apt = PrivateApt(folder, mirror, suites)
            if apt.update(log):
                return apt
        raise Problem(
            f"None of the mirrors that apt uses here ({', '.join(tried)}) gave the package lists of Debian "
            f"{' and '.join(suites)}; apt's words are in {log}. {NO_NETWORK}"
        )


def _user_name() -> str:
    """Root's downloads would otherwise be made by the user _apt, who may not enter a private cache folder."""
    return "root" if os.geteuid() == 0 else ""
