"""What observers do before and after they watch."""

from pydantic import Field

from vms.config.section import Section


class Shifts(Section):
    required: bool = Field(
        True,
        description="Observers see and steer cameras only during a shift that they signed in to at /dienst, with "
        "colleagues, the police coordinator and the workstation. false: they may sign in, and watch without.",
    )
