from . import email_target_list_import
from . import email_target_list_import_reading
from . import email_target_list_import_running
from . import email_target_list_import_column
from . import email_target_list_import_refusal
from . import email_target_list_member_import
from . import email_target_list_importing
