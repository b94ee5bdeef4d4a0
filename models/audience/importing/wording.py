"""What people are told about files and rows that can't be used, in their language."""

#: {kind of WrongFileError: function of (env, name of the file)}
WRONG_FILE = {
    "empty": lambda env, file: env._("“%s” is empty. Choose a file with one row for each address.", file),
    "excel": lambda env, file: env._(
        "“%s” is an Excel workbook. Open it in Excel, choose “Save As” and “CSV UTF-8”, and import the file that this "
        "makes.",
        file,
    ),
    "old_excel": lambda env, file: env._(
        "“%s” is an Excel or Word file of the old kind. Open it, save the table as “CSV UTF-8”, and import the file "
        "that this makes.",
        file,
    ),
    "opendocument": lambda env, file: env._(
        "“%s” is an OpenDocument file. Open it in LibreOffice, choose “Save As” and “Text CSV”, and import the file "
        "that this makes.",
        file,
    ),
    "document": lambda env, file: env._(
        "“%s” is a text document, not a table. Copy its addresses into a spreadsheet and save that as CSV.", file
    ),
    "pdf": lambda env, file: env._(
        "“%s” is a PDF document. Ask whoever made it for the table as a CSV file; a PDF can't be read as one.", file
    ),
    "image": lambda env, file: env._(
        "“%s” is a picture. Choose a CSV file, as any spreadsheet program saves it.", file
    ),
    "archive": lambda env, file: env._("“%s” is a compressed archive. Unpack it, and import the CSV file in it.", file),
    "vcard": lambda env, file: env._(
        "“%s” is an address card (vCard). Export the contacts as CSV instead; nearly every address book can.", file
    ),
    "markup": lambda env, file: env._(
        "“%s” is a web page or XML, not a table of text. Export the table as CSV and import that.", file
    ),
    "binary": lambda env, file: env._(
        "“%s” is no text file. Choose a CSV file, as any spreadsheet program saves it.", file
    ),
    "too_many_columns": lambda env, file: env._(
        "“%s” has more than 200 columns. Take out those that you don't need, or choose the right separator.", file
    ),
}

#: {reason of RefusedError: function of (env, what can't be used)}
REFUSED = {
    "damaged": lambda env, _value: env._(
        "Some characters can't be read (shown as �). Correct them, or choose another encoding"
    ),
    "too_long": lambda env, _value: env._("The row is longer than 65,000 characters"),
    "open_quote": lambda env, _value: env._("A quotation mark is opened and not closed"),
    "other_separator": lambda env, _value: env._("The row has another separator than the rest of the file"),
    "too_many_cells": lambda env, _value: env._("The row has more columns than the file"),
    "header_again": lambda env, _value: env._("The row repeats the names of the columns"),
    "unknown_lang": lambda env, value: env._(
        "“%s” is no language that is installed here. Leave it empty, or ignore the column", value
    ),
    "address_empty": lambda env, _value: env._("There is no email address"),
    "address_no_at": lambda env, value: env._(
        "“%s” is no email address: it needs one part before and one after an @-sign", value
    ),
    "address_several": lambda env, value: env._("“%s” is no email address: it has more than one @-sign", value),
    "address_bad_format": lambda env, value: env._("“%s” does not have the form of an email address", value),
    "address_bad_local": lambda env, value: env._(
        "“%s” is no email address: the part before the @-sign is not valid", value
    ),
    "address_bad_domain": lambda env, value: env._(
        "“%s” is no email address: what follows the @-sign is not the name of a domain", value
    ),
    "address_no_dot": lambda env, value: env._("“%s” is no email address: what follows the @-sign has no dot", value),
    "address_control_character": lambda env, value: env._(
        "“%s” is no email address: it has line breaks or control characters", value
    ),
    "address_too_long": lambda env, value: env._("“%s…” is too long for an email address", value[:60]),
    "contact": lambda env, value: env._("The contact could not be made: %s", value),
}


def refused(env, error):
    """Give the sentence for one RefusedError."""
    sentence = REFUSED.get(error.reason)
    return sentence(env, error.value[:100]) if sentence else error.explanation
