from . import email_campaign_mailing_test
from . import email_campaign_send
from . import email_target_list_add
