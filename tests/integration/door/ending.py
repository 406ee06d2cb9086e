"""A door process of its own, for the test of its end: prints its port, and "closed" once serving is over."""

from __future__ import annotations

from bus.web.app import DoorDeps, make_app
from bus.web.run import listening, make_server
from tests.integration.door.running import SECRET, Beyond, callers
from tests.unit.wire.parts import soap_system


def main() -> None:
    """Serves until a signal."""
    system, sock = soap_system(), listening("127.0.0.1", 0)
    deps = DoorDeps(
        {system.id: system}, Beyond(slow_s=1.0), keys=callers((system,), SECRET), address="http://a.example"
    )
    print(sock.getsockname()[1], flush=True)
    make_server(make_app(deps)).run(sockets=[sock])
    print("closed", flush=True)


if __name__ == "__main__":
    main()
