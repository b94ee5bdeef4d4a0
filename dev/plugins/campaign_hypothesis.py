"""pytest plugin: property tests say what is right, not how fast a busy machine makes up examples."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile("campaign", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("campaign")
