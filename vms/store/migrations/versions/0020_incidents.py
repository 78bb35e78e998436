"""The observers' incident register: incidents, their changes, categories by year, printed tables of a year"""

import sqlalchemy as sa
from alembic import op

revision = "0020_incidents"
down_revision = "0019_grants"
branch_labels = None
depends_on = None

_FIRST_YEAR = 2000
_CATEGORIES = (
    "Aanhouding buiten heterdaad", "Aantreffen overleden persoon", "Alarm overval", "Alcoholgebruik", "Bedelen",
    "Belediging/bedreiging", "Beroving/straatroof", "Brand/brandstichting", "Demonstratie", "Diefstal van voertuigen",
    "Drugsoverlast", "Dumping afval", "Fietsendiefstal", "Gebiedsverbod", "Geluidsoverlast", "Geweld en vechtpartijen",
    "Hangjongeren", "Huiselijk geweld", "Inbraak", "Mishandeling", "Observatie op verzoek", "Onwelwording",
    "Oplichting", "Overlast diverse", "Persoon op het spoor", "Prostitutie", "Suïcide", "Uitgaan en evenementen",
    "Vals geld", "Verkeer", "Vermiste personen", "Vernieling/baldadigheid", "Verwarde personen", "Vuurwerk",
    "Wet ID/Vals ID", "Wet wapens en munitie", "Wildplassen", "Winkeldiefstal", "Zakkenrollen", "Zeden", "Overig",
)  # fmt: skip
"""To begin with; a site changes its own list."""


def upgrade() -> None:
    category = op.create_table(
        "incident_category",
        sa.Column("id", _id(), autoincrement=True, primary_key=True),
        sa.Column("name", sa.String(300), nullable=False),
        sa.Column("first_year", sa.Integer(), nullable=False),
        sa.Column("last_year", sa.Integer(), nullable=True),
        sa.Column("became", sa.JSON(), nullable=False),
        sa.CheckConstraint("last_year is null or last_year >= first_year", name="incident_category_years"),
    )
    op.create_table(
        "incident",
        sa.Column("id", _id(), autoincrement=True, primary_key=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("category_id", _id(), sa.ForeignKey("incident_category.id"), nullable=False),
        sa.Column("first_seen", sa.String(20), nullable=False),
        sa.Column("requester", sa.String(80), nullable=False),
        sa.Column("follow_ups", sa.JSON(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("project", sa.String(60), nullable=False),
        sa.Column("status", sa.String(12), nullable=False),
        sa.Column("shift_id", sa.BigInteger(), nullable=True),
        sa.Column("created_by", sa.String(80), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_by", sa.String(80), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("request_key", sa.String(64), nullable=True),
        sa.Column("request_hash", sa.String(64), nullable=False),
        sa.UniqueConstraint("created_by", "request_key", name="incident_once"),
    )
    op.create_index("incident_by_time", "incident", ["at", "id"])
    op.create_table(
        "incident_place",
        sa.Column("id", _id(), autoincrement=True, primary_key=True),
        sa.Column("incident_id", _id(), sa.ForeignKey("incident.id"), nullable=False),
        sa.Column("camera_id", sa.String(40), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("is_followed", sa.Boolean(), nullable=False),
    )
    op.create_index("incident_place_by_camera", "incident_place", ["camera_id", "at"])
    op.create_index("incident_place_by_incident", "incident_place", ["incident_id", "id"])
    op.create_table(
        "incident_change",
        sa.Column("id", _id(), autoincrement=True, primary_key=True),
        sa.Column("incident_id", _id(), sa.ForeignKey("incident.id"), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.String(80), nullable=False),
        sa.Column("category_id", _id(), sa.ForeignKey("incident_category.id"), nullable=False),
        sa.Column("status", sa.String(12), nullable=False),
        sa.Column("follow_ups", sa.JSON(), nullable=False),
        sa.Column("changed", sa.JSON(), nullable=False),
    )
    op.create_index("incident_change_by_incident", "incident_change", ["incident_id", "id"])
    op.create_table(
        "incident_year_row",
        sa.Column("id", _id(), autoincrement=True, primary_key=True),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("category_id", _id(), sa.ForeignKey("incident_category.id"), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("imported_at", sa.BigInteger(), nullable=False),
    )
    op.create_index("incident_year_row_by_year", "incident_year_row", ["year", "id"])
    op.bulk_insert(category, [{"name": name, "first_year": _FIRST_YEAR, "became": []} for name in _CATEGORIES])


def downgrade() -> None:
    for table in ("incident_year_row", "incident_change", "incident_place", "incident", "incident_category"):
        op.drop_table(table)


def _id() -> sa.BigInteger:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")
