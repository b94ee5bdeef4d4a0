from . import email_webhook
from . import email_webhook_tally
from . import email_webhook_proof
from . import email_webhook_matching
from . import email_webhook_receiving
from . import email_webhook_steps
from . import email_provider
