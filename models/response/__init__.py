from . import email_link
from . import email_link_key
from . import email_tracking_url
from . import email_campaign_event
from . import email_visit
from . import email_campaign_recipient_response
from . import email_incoming
