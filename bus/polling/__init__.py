"""Fetching from partners page by page, from a checkpoint that moves only with what was accepted."""

from bus.polling.job import Poll
from bus.polling.plan import poll_name
from bus.polling.position import Go, Position, Sheet, begun, onward

__all__ = ["Go", "Poll", "Position", "Sheet", "begun", "onward", "poll_name"]
