"""Pure Python parts of the addon: text, bytes, dates and sockets. Nothing here imports odoo."""
