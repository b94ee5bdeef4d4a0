from . import subscription
from . import tracking
