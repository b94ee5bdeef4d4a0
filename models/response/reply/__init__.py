from . import email_campaign_recipient
from . import email_campaign_reply
from . import email_campaign_reply_thread
from . import email_campaign_reply_activity
from . import email_campaign_reply_count
from . import email_incoming_reply
from . import email_incoming_reply_address
from . import email_erasure
