"""What runs inside an Odoo process of its own, one job each: no test mode, committed as in real life."""
