# In the order of an email's way: who it goes to, how it is sent, what comes back; then what Odoo's own models gain.
from . import audience, sending, response, host
