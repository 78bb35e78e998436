"""What the mayor's decisions do here."""

from pydantic import Field

from vms.config.section import Section


class Decisions(Section):
    enforce: bool = Field(
        True,
        description="public_order cameras record and are shown only while a decision in the register covers their "
        "place. false is for sites whose register is not filled yet, and shown as a warning.",
    )
