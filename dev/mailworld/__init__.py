"""A small world of real mail on loopback: Postfix, Dovecot, and the people who get and answer mail there."""
