from . import newsletters, subscribe, subscription, tracking
