"""`python -m vms.cli.demo_street --config DIR/site.toml`: the demo's simulated street as a process of its own."""

import argparse
import sys
from pathlib import Path

from ingest.simulator.street_server import run_street
from vms import log as logs
from vms.cli.demo_site import load_demo_site
from vms.config import load_config
from vms.errors import ConfigError
from vms.process import EXIT_USAGE, AlreadyRunning, process_lock


def main() -> int:
    parser = argparse.ArgumentParser(prog="demo_street")
    parser.add_argument("--config", type=Path, required=True)
    config_file = parser.parse_args().config
    logs.configure("street")
    try:
        config = load_config(config_file)
        with process_lock(config.run_dir, "street"):
            run_street(load_demo_site(config_file.parent).options)
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_USAGE
    except AlreadyRunning as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
