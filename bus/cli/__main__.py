"""`python -m bus.cli`: the command without its script."""

from bus.cli.main import run

run()
