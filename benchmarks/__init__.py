"""What sending costs, measured: `make bench`. docs/benchmarks.rst says what each figure is and is not.

Nothing here is part of the tests, and nothing here is loaded by Odoo as part of the addon.
"""
