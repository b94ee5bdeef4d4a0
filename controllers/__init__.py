from . import message, newsletters, subscribe, subscription, tracking, webhook
