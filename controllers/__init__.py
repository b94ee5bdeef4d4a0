from . import subscription, tracking
