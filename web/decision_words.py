"""What the register of decisions says, for people. Each text is the Dutch source message."""

from collections.abc import Mapping
from typing import Final

from web.i18n import marked as _m

KIND: Final[Mapping[str, str]] = {
    "designation": _m("aanwijzing"),
    "extension": _m("verlenging"),
    "withdrawal": _m("intrekking"),
    "replacement": _m("vervanging"),
    "merge": _m("samenvoeging"),
    "deployment": _m("inzet"),
}
STATE: Final[Mapping[str, str]] = {
    "active": _m("van kracht"),
    "pending": _m("nog niet ingegaan"),
    "expired": _m("verlopen"),
    "withdrawn": _m("beëindigd door een ander besluit"),
    "never": _m("nooit van kracht: gegevens ontbreken"),
    "order": _m("beëindigt een ander besluit"),
}
GATE: Final[Mapping[str, str]] = {
    "open": _m("besluit van kracht"),
    "pending": _m("besluit nog niet ingegaan"),
    "expired": _m("besluit verlopen"),
    "none": _m("geen besluit voor deze plaats"),
    "unknown": _m("register van besluiten niet bekend"),
}
EXPIRY: Final[Mapping[str, str]] = {
    "six_months": _m("loopt binnen 6 maanden af: evaluatie"),
    "eight_weeks": _m("loopt binnen 8 weken af"),
    "one_week": _m("loopt binnen een week af"),
}
UNCLEAR: Final[Mapping[str, str]] = {
    "several_decision_dates": _m("meer dan één besluitdatum; het geldt vanaf de eerste"),
    "no_decision_date": _m("geen besluitdatum; het geldt pas als die er is"),
    "decided_after_start": _m("genomen na het begin van de periode; het geldt vanaf de dag van het besluit"),
    "another_date_after_start": _m("een van de besluitdata ligt na het begin van de periode"),
    "decision_year_doubtful": _m("bijna een jaar voor de periode genomen; klopt het jaartal?"),
    "no_period": _m("geen periode; het geldt pas als die er is"),
    "no_start": _m("geen begin; het geldt vanaf de dag van het besluit"),
    "no_end": _m("geen einde; het geldt tot nader order"),
    "several_periods": _m("meer dan één periode"),
    "period_reversed": _m("een periode eindigt voor haar begin; die geldt nooit"),
    "clock_time_doubtful": _m("een tijd die in de nacht van de klokwissel twee keer of nooit voorkomt"),
    "no_number": _m("geen registratienummer"),
    "several_numbers": _m("meer dan één registratienummer"),
    "no_count": _m("geen aantal camera's"),
    "flex_and_fixed": _m("flexibele en vaste camera's in één besluit"),
    "several_locations": _m("meer dan één locatie; welke camera waar hangt staat er niet"),
    "no_location": _m("geen locatie"),
    "cites_by_date": _m("noemt een ander besluit bij de datum, niet bij het nummer"),
    "cites_by_name": _m("noemt een ander besluit bij de naam, niet bij nummer of datum"),
    "cites_none": _m("zegt niet welk besluit het beëindigt, verlengt of vervangt"),
    "source_note": _m("zie de opmerking"),
}
"""The codes of vms.rules.decision_document.UNCLEAR."""

FOR_BROWSER: Final[Mapping[str, Mapping[str, str]]] = {
    "decision_kind": KIND,
    "decision_state": STATE,
    "gate": GATE,
    "decision_expiry": EXPIRY,
    "decision_unclear": UNCLEAR,
}
