from . import crm_lead
from . import ir_websocket
from . import ir_mail_server
from . import mail_blacklist
from . import mail_thread
from . import res_config_settings
from . import res_partner
from . import res_users
