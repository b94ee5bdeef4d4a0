from . import controllers, models, wizard
from .controllers import short_way


def post_load():
    """Open the short way in for links and images of emails."""
    short_way.open_way()


def uninstall_hook(env):
    """Take the settings along: Odoo leaves parameters behind."""
    env["ir.config_parameter"].search([("key", "=like", r"email\_campaign.%")]).unlink()
    # The triggers of the consent ledger go with its table, the function behind them does not.
    env.cr.execute("DROP FUNCTION IF EXISTS email_consent_keep() CASCADE")
