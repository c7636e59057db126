"""Run the server: `python3 -m legal_ai`."""

import logging
import sys

from .app import make_app
from .drain import Drain
from .faults import FaultSwitch, parse
from .release import read_release
from .server import make_server
from .settings import SettingsError, read_settings


def main() -> int:
    """Serve until a signal; returns the exit code."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        settings = read_settings()
        faults = FaultSwitch(parse(settings.faults))
    except (SettingsError, ValueError) as error:
        print(f"the backend can't start: {error}", file=sys.stderr)  # noqa: T201
        return 2
    faults.crash_if_asked()
    drain = Drain(limit=settings.drain)
    make_server(make_app(settings, read_release(), faults, drain), settings, drain).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
