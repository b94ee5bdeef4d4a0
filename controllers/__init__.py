from . import message, subscription, tracking
