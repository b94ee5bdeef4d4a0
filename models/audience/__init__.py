from . import email_addressee
from . import email_address
from . import email_list_type
from . import email_subscription
from . import email_target_list
from . import email_target_list_member
from . import email_target_list_member_records
from . import email_audience
