# The models first, then what their other files add.
from . import email_merge
from . import email_figures
from . import email_campaign
from . import email_campaign_mailing
from . import email_campaign_recipient
from . import email_campaign_recipient_queue
from . import email_campaign_mailing_content
from . import email_campaign_mailing_launch
from . import email_campaign_mailing_progress
from . import email_campaign_mailing_schedule
from . import email_campaign_mailing_delivery
