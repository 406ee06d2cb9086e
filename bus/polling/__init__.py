"""Fetching from partners page by page, from a checkpoint that moves only with what was accepted."""

from bus.polling.position import Go, Position, Sheet, begun, onward
from bus.polling.run import Poll, poll_name

__all__ = ["Go", "Poll", "Position", "Sheet", "begun", "onward", "poll_name"]
