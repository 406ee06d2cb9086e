"""The console, first form: the list of messages and one message's journey. Reads only; for this machine only."""

from bus.web.console.router import ConsoleDeps, console_router

__all__ = ["ConsoleDeps", "console_router"]
