"""What a developer runs: get Odoo, start it with this addon, test and lint it.

`python3 -m dev help` lists the commands; the Makefile only names them. The commands that run before
the virtual environment exists use the standard library alone.
"""
