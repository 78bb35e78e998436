"""The audit pack for reading: one page of HTML that prints, without anything from elsewhere."""

from collections import Counter
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any
from zoneinfo import ZoneInfo

from retention.audit_pack_parts import Parts
from vms.store.audit import AuditRecord
from vms.units import utc_from_us

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
body { color: #111; background: #fff; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: 4px 8px; border-top: 1px solid #bbb; }
.goed { border-left: 4px solid #1b7f3b; padding-left: 1rem; }
.fout { border-left: 4px solid #b3261e; padding-left: 1rem; }
code { overflow-wrap: anywhere; } tr { break-inside: avoid; }
"""
_MOST_LINES = 200


def summary_html(timezone: str, content: Mapping[str, Any], parts: Parts, key_id: str) -> str:
    zone = ZoneInfo(timezone)
    period = f"{_local(content['from_us'], zone)} tot {_local(content['to_us'], zone)}"
    made = _local(content["at_us"], zone)
    body = [
        f"<h1>Auditpakket {escape(content['site'])}</h1>",
        f"<p>Periode: {period}. Gemaakt: {made}. Kenmerk van de sleutel: <code>{key_id}</code>.</p>",
        _log(content["log"]),
        _authorisations(parts, zone),
        _sample(content["sample"], parts, zone),
        _rows("Verstrekkingen en verzoeken", parts.rows["verstrekkingen.jsonl"], zone),
        _registers(parts),
        _rows("Toezicht op het log", parts.rows["toezicht.jsonl"], zone),
        _figures(content["figures"]),
    ]
    head = f'<meta charset="utf-8"><title>Auditpakket {escape(content["site"])}</title><style>{_STYLE}</style>'
    return f'<!doctype html>\n<html lang="nl"><head>{head}</head>\n<body>{"".join(body)}</body></html>\n'


def _log(log: Mapping[str, Any]) -> str:
    if not log["findings"]:
        said = f"De keten van alle {log['rows']} regels sluit; verzegeld tot en met regel {log['sealed_rows']}."
        return f'<h2>Het auditlog</h2><p class="goed">{said}</p>'
    found = "".join(f"<li><code>{escape(one)}</code></li>" for one in log["findings"][:_MOST_LINES])
    return f'<h2>Het auditlog</h2><div class="fout"><p>Het log is gewijzigd:</p><ul>{found}</ul></div>'


def _authorisations(parts: Parts, zone: ZoneInfo) -> str:
    accounts = parts.registers["accounts.json"]
    rows = [
        (
            one["naam"],
            ", ".join(one["rollen"]) + (" (noodaccount)" if one["noodaccount"] else ""),
            "actief" if one["actief"] else "uitgezet",
        )
        for one in accounts["personen"]
    ]
    rows += [
        (
            f"machine: {one['naam']}",
            ", ".join(one["rollen"]),
            f"ingetrokken {one['ingetrokken']}" if one["ingetrokken"] else "actief",
        )
        for one in accounts["machines"]
    ]
    now = _table(("wie", "rollen", "nu"), rows)
    given = _table(("wie", "rol", "gebied", "doel", "vanaf", "tot", "ingetrokken"), _grants(accounts["toekenningen"]))
    limited = f"<h2>Rollen voor een deel van de camera's of een periode</h2>{given}"
    return f"<h2>Autorisaties</h2>{now}{limited}" + _rows(
        "Verloop van de autorisaties", parts.rows["autorisaties.jsonl"], zone
    )


def _grants(given: Iterable[Mapping[str, Any]]) -> Iterable[tuple[str, ...]]:
    names = ("houder", "rol", "groep", "doel", "vanaf", "tot", "ingetrokken")
    return (tuple(one[name] or "" for name in names) for one in given)


def _sample(sample: Mapping[str, Any], parts: Parts, zone: ZoneInfo) -> str:
    said = f"{len(sample['drawn'])} van {sample['drawn_from']} raadplegingen, getrokken met"
    said += f" <code>{escape(sample['seed'])}</code>."
    drawn = set(sample["drawn"])
    rows = parts.rows["steekproef.jsonl"]
    lines = [
        (
            str(row.seq),
            _local_of(row, zone),
            row.entry.actor,
            row.entry.object.partition(":")[2],
            str(row.entry.detail.get("purpose") or ""),
            str(_looks_of(row, rows)),
        )
        for row in rows
        if row.seq in drawn
    ]
    heads = ("regel", "tijd", "wie", "registratienummer", "doel", "keer gekeken")
    return f"<h2>Steekproef van raadplegingen</h2><p>{said}</p>{_table(heads, lines)}"


def _looks_of(consultation: AuditRecord, rows: Iterable[AuditRecord]) -> int:
    reference = consultation.entry.object.partition(":")[2]
    return sum(
        row.entry.actor == consultation.entry.actor and row.entry.detail.get("reference") == reference
        for row in rows
        if row.seq > consultation.seq
    )


def _registers(parts: Parts) -> str:
    registers = parts.registers
    review = registers["toezicht.json"]
    counted = [
        ("verzoeken om beelden", len(registers["verzoeken.json"])),
        ("veiligstellingen", len(registers["veiligstellingen.json"])),
        ("camera's met maskers", len(registers["maskers.json"])),
        ("versies van maskers", sum(len(one["versies"]) for one in registers["maskers.json"])),
        ("besluiten", len(registers["besluiten.json"])),
        ("afgetekende controles van aanmeldingen", len(review["controles"])),
        ("signalen", len(review["signalen"])),
        ("daarvan nagekeken", sum(one["handled_at"] is not None for one in review["signalen"])),
    ]
    return "<h2>Registers</h2>" + _table(("register", "aantal"), [(name, str(number)) for name, number in counted])


def _figures(figures: Iterable[Mapping[str, Any]]) -> str:
    allowed: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    for one in figures:
        (allowed if one["result"] == "allowed" else refused)[one["action"]] += one["number"]
    rows = [(action, str(allowed[action]), str(refused[action])) for action in sorted(allowed.keys() | refused.keys())]
    return "<h2>Handelingen in de periode</h2>" + _table(("handeling", "toegestaan", "geweigerd"), rows)


def _rows(title: str, rows: list[AuditRecord], zone: ZoneInfo) -> str:
    lines = [
        (
            str(row.seq),
            _local_of(row, zone),
            row.entry.actor,
            row.entry.action,
            row.entry.object,
            "; ".join(f"{name}: {value}" for name, value in row.entry.detail.items() if value not in (None, "")),
            "geweigerd" if row.entry.result == "refused" else "",
        )
        for row in rows[:_MOST_LINES]
    ]
    more = f"<p>En nog {len(rows) - _MOST_LINES}; zie het bestand.</p>" if len(rows) > _MOST_LINES else ""
    heads = ("regel", "tijd", "wie", "handeling", "waarop", "bijzonderheden", "")
    return f"<h2>{escape(title)}</h2>{_table(heads, lines)}{more}"


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    if not body:
        return "<p>Geen.</p>"
    head = "".join(f"<th>{escape(one)}</th>" for one in heads)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _local(at_us: int, zone: ZoneInfo) -> str:
    return f"{utc_from_us(at_us).astimezone(zone):%d-%m-%Y %H:%M %Z}"


def _local_of(row: AuditRecord, zone: ZoneInfo) -> str:
    return f"{row.entry.at.astimezone(zone):%d-%m-%Y %H:%M:%S %Z}"
