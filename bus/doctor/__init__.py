"""Looks at everything the bus stands on, sending nothing: data folder, stores, clock, keys, systems, partners."""

from __future__ import annotations

from bus.doctor.examination import STEPS, Patient, Step, look_at_all
from bus.doctor.finding import Finding, Verdict

__all__ = ["STEPS", "Finding", "Patient", "Step", "Verdict", "look_at_all"]
