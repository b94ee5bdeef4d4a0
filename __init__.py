from . import controllers, models, wizard


def uninstall_hook(env):
    """Take the settings along: Odoo leaves parameters behind."""
    env["ir.config_parameter"].search([("key", "=like", r"email\_campaign.%")]).unlink()
