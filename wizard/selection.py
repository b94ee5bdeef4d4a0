"""What is selected in the list view that a dialog was opened from."""


def selection(context):
    """Give res_domain for all that a search finds, else res_ids; see static/src/selection for what the client sends."""
    if context.get("selected_by_domain"):
        # Without any filter all records are meant; an empty value would be kept as none.
        return {"res_domain": context.get("active_domain") or [(1, "=", 1)]}
    return {"res_ids": context.get("active_ids") or []}
