"""`vms bench …`: cost and speed, each beside its peer in the same run, so that ratios mean something."""

import typer

from vms.cli.bench_access import bench_access
from vms.cli.bench_catalog import bench_catalog
from vms.cli.bench_drift import bench_drift
from vms.cli.bench_glass import bench_glass
from vms.cli.bench_live import bench_live
from vms.cli.bench_mask import bench_mask
from vms.cli.bench_purge import bench_purge
from vms.cli.bench_record import bench_record
from vms.cli.bench_restart import bench_restart

bench_app = typer.Typer(no_args_is_help=True, help="Measure cost beside ffmpeg and MediaMTX in one run.")
bench_app.command("record")(bench_record)
bench_app.command("restart")(bench_restart)
bench_app.command("drift")(bench_drift)
bench_app.command("live")(bench_live)
bench_app.command("glass")(bench_glass)
bench_app.command("mask")(bench_mask)
bench_app.command("purge")(bench_purge)
bench_app.command("catalog")(bench_catalog)
bench_app.command("access")(bench_access)
