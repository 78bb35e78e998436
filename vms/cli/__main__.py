"""`python -m vms.cli …`: the command, for jobs that the supervisor starts."""

from vms.cli import main

if __name__ == "__main__":
    main()
