"""`python -m bus.simulators portal|cmon|dlms|facade|proxy`."""

import sys

from bus.simulators.command_line import main

if __name__ == "__main__":
    sys.exit(main())
