#: What stands in place of an address that was erased; nobody can ever be reached there (RFC 2606).
ERASED_DOMAIN = "erased.invalid"
#: All such, for LIKE. Who was erased leaves no trace any more; see `email.erasure`.
NOBODY = f"%@{ERASED_DOMAIN}"
