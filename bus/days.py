"""Which day counts: code tables are dated, and a dossier is judged by its own day, here and in Viet Nam."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from schemas.message import Envelope

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
DAY = "ngay"  # the fact in an envelope


def local_day(moment: datetime) -> date:
    """The calendar day in Viet Nam of an aware moment."""
    return moment.astimezone(VIETNAM).date()


def day_of(envelope: Envelope) -> date:
    """The day a canonical message was judged by; messages from before that was kept have the day they came."""
    stated = envelope.facts.get(DAY, "")
    return date.fromisoformat(stated) if stated else local_day(envelope.received_at)
