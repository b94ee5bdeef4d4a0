from . import email_address_mark
from . import email_target_choice
from . import email_campaign_launch
from . import email_campaign_mailing_test
from . import email_campaign_send
from . import email_target_list_add
from . import email_target_list_merge
from . import email_target_list_split
