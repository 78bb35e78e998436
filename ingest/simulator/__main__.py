"""`python -m ingest.simulator --cameras 6`: the same as `vms simulate`."""

import typer

from vms.cli.simulate import simulate

if __name__ == "__main__":
    typer.run(simulate)
