from . import message, newsletters, subscribe, subscription, tracking, verdict, webhook
