"""What codes mean, for people: of cameras, recording, masks, gaps, disks, proofs and the audit log.

Each text is the Dutch source message; English stands in the catalog. The browser gets them with its page, so that
a code has one text wherever it is shown. Technical detail stays beside them, in English, for technicians only.
"""

from collections.abc import Mapping
from typing import Final

from web.decision_words import FOR_BROWSER as DECISION_WORDS
from web.i18n import Language, texts
from web.i18n import marked as _m
from web.incident_words import FOR_BROWSER as INCIDENT_WORDS
from web.login_words import AUDIT_ACTION as LOGIN_ACTIONS
from web.login_words import AUDIT_DETAIL as LOGIN_DETAILS
from web.login_words import METHOD

UNKNOWN: Final = _m("onbekende oorzaak")

SOURCE: Final[Mapping[str, str]] = {
    "connecting": _m("verbinden"),
    "up": _m("in bedrijf"),
    "stalled": _m("geen beeld meer"),
    "unreachable": _m("niet bereikbaar"),
    "unauthorized": _m("aanmelding geweigerd"),
    "protocol_error": _m("onbegrijpelijk antwoord"),
    "stopped": _m("gestopt"),
    "recorder_silent": _m("opnameproces antwoordt niet"),
}
SOURCE_FIX: Final[Mapping[str, str]] = {
    "connecting": "",
    "up": "",
    "stalled": _m("De verbinding staat, maar er komt geen beeld: herstart de camera, controleer de encoder."),
    "unreachable": _m("Controleer voeding, netwerk en adres van de camera."),
    "unauthorized": _m("Controleer gebruikersnaam en wachtwoordbestand van deze camera in de configuratie."),
    "protocol_error": _m("Controleer het streamadres en de firmware; stel H.264 of H.265 in."),
    "stopped": _m("De opname van deze camera is gestopt; kijk in het logboek van het opnameproces."),
    "recorder_silent": _m("Kijk bij de processen hieronder en in het logboek van het opnameproces."),
}
RECORDING: Final[Mapping[str, str]] = {
    "unreachable": _m("camera niet bereikbaar"),
    "unauthorized": _m("camera weigerde de aanmelding"),
    "stalled": _m("camera gaf geen beeld"),
    "protocol_error": _m("camera gaf onbegrijpelijk antwoord"),
    "overflow": _m("schijf te traag"),
    "restart": _m("opname herstart"),
    "disk": _m("schijf vol of gestoord"),
    "disk_pressure": _m("eerder gewist omdat de schijf vol was"),
    "volume_lost": _m("opgenomen, maar de schijf is verloren gegaan"),
    "key": _m("sleutel van de site ontbreekt"),
    "not_wanted": _m("niet gevraagd in de configuratie"),
    "no_decision": _m("buiten een besluit"),
    "recorder_silent": _m("opnameproces antwoordt niet"),
}
"""Why there is no recording: now, and of a gap in the past."""
RECORDING_FIX: Final[Mapping[str, str]] = {
    "protocol_error": _m("Controleer het streamadres en de firmware; stel H.264 of H.265 in."),
    "overflow": _m("De schijf is te traag: verdeel de camera's over meer volumes."),
    "disk": _m("Kijk bij de schijven hieronder; maak ruimte of herstel de schijf."),
    "key": _m("Zet het sleutelbestand van de site terug (recorder.site_key_file)."),
    "recorder_silent": _m("Kijk bij de processen hieronder en in het logboek van het opnameproces."),
}
COVERAGE: Final[Mapping[str, str]] = {
    "recorded": _m("opgenomen"),
    "recording": _m("wordt nu opgenomen"),
    "gap": _m("niet opgenomen"),
    "erased_early": _m("eerder gewist, schijf vol"),
    "expired": _m("gewist na de bewaartermijn"),
    "not_installed": _m("nog niet in gebruik"),
    "unknown": _m("onverklaard"),
}
"""What became of a stretch of time."""
MASK: Final[Mapping[str, str]] = {
    "no-mask-set": _m("geen vastgesteld masker"),
    "masks-withdrawn": _m("maskers ingetrokken"),
    "masks-lapsed": _m("camera verplaatst: maskers vervallen"),
    "unknown-lens": _m("lens niet gekalibreerd"),
    "no-pose": _m("stand van de camera onbekend"),
    "stale-pose": _m("stand van de camera verouderd"),
    "pose-gap": _m("stand van de camera viel weg"),
    "too-fast": _m("camera draait te snel"),
    "mask-space": _m("masker past niet bij een draaiende camera"),
    "picture-disagrees": _m("beeld toont een andere richting dan de camera meldt"),
    "picture-lost": _m("beeld en gemelde stand bewegen niet samen"),
    "picture-unplaced": _m("omgeving in beeld niet herkend"),
    "damaged": _m("beelden verloren terwijl de camera draaide"),
    "internal": _m("fout bij het maskeren"),
    "live_silent": _m("beeldproces antwoordt niet"),
}
"""Why a picture is covered."""
MASK_FIX: Final[Mapping[str, str]] = {
    "no-mask-set": _m("Teken maskers en laat een tweede persoon ze vaststellen."),
    "masks-withdrawn": _m("Teken nieuwe maskers en laat een tweede persoon ze vaststellen."),
    "masks-lapsed": _m("Teken maskers voor de nieuwe plaats en laat een tweede persoon ze vaststellen."),
    "unknown-lens": _m("Vul de lenstabel van deze camera aan en stel de maskers opnieuw vast."),
    "no-pose": _m("Controleer de ONVIF-dienst en het PTZ-account van de camera."),
    "stale-pose": _m("Controleer de ONVIF-dienst en het netwerk naar de camera."),
    "pose-gap": _m("Controleer de ONVIF-dienst en het netwerk naar de camera."),
    "too-fast": _m("Gaat over zodra de camera langzamer draait."),
    "mask-space": _m("Teken de maskers opnieuw in graden (sphere)."),
    "picture-disagrees": _m(
        "Kijk of camera of mast is verdraaid en of de camera haar stand juist meldt; kalibreer haar daarna opnieuw."
    ),
    "picture-lost": _m("Gaat over zodra de camera stilstaat en haar stand klopt; blijft het, kalibreer haar opnieuw."),
    "picture-unplaced": _m("Kalibreer de camera ook bij dit licht, of draai haar naar een bekende richting."),
    "damaged": _m("Gaat over bij het volgende sleutelbeeld; controleer het netwerk naar de camera als het vaker komt."),
    "internal": _m("Kijk in het logboek van het beeldproces."),
    "live_silent": _m("Kijk bij de processen hieronder en in het logboek van het beeldproces."),
}
DISK: Final[Mapping[str, str]] = {
    "volume_missing": _m("volume niet aangekoppeld"),
    "volume_damaged": _m("volume niet leesbaar"),
    "volume_failing": _m("schijffout bij het schrijven"),
    "volume_full": _m("volume vol"),
    "volume_held": _m("vol met veiliggesteld beeld of andere bestanden: de opname op dit volume staat stil"),
    "volume_crowded": _m(
        "vol met andere bestanden: de opname op dit volume staat stil, er wordt geen beeld voor gewist"
    ),
    "volume_slow": _m("schijf te traag"),
    "volume_silent": _m("schijf antwoordt niet"),
}
DISK_FIX: Final[Mapping[str, str]] = {
    "volume_missing": _m("Koppel de schijf aan op dit pad; de opname gaat dan vanzelf verder."),
    "volume_damaged": _m("Controleer kabel, rechten en bestandssysteem; zie het logboek van het systeem."),
    "volume_failing": _m(
        "Controleer kabel, schijf en bestandssysteem; zodra schrijven lukt gaat de opname vanzelf verder."
    ),
    "volume_full": _m("Het oudste beeld wordt gewist; helpt dat niet, maak dan ruimte of voeg een schijf toe."),
    "volume_held": _m(
        "Ruim andere bestanden op, hef veiligstellingen op die niet meer nodig zijn, of voeg een schijf toe."
    ),
    "volume_crowded": _m("Ruim op wat daar niet hoort; de opname gaat vanzelf verder."),
    "volume_slow": _m("De schijf is te traag: verdeel de camera's over meer volumes."),
    "volume_silent": _m("Controleer de verbinding met de schijf; zodra zij antwoordt gaat de opname vanzelf verder."),
}
PROCESS: Final[Mapping[str, str]] = {
    "running": _m("draait"),
    "restarting": _m("herstart"),
    "failed": _m("opgegeven na herhaalde fouten"),
    "done": _m("klaar"),
}
"""What the supervisor says of a process."""
FINDING: Final[Mapping[str, str]] = {
    "R1": _m("Te oud beeld op schijf"),
    "R2": _m("Gewist beeld staat nog op schijf"),
    "R3": _m("Wislogboek is verbroken"),
    "R4": _m("Wissing zonder regel in het wislogboek"),
    "R5": _m("Te oud beeld in de catalogus"),
    "R6": _m("Sleutel bestaat langer dan het beeld"),
    "R7": _m("Volume niet aangekoppeld: daar is niets te bewijzen"),
    "R8": _m("Vreemd bestand op een volume"),
    "R9": _m("Zegel past niet bij het wislogboek"),
    "R10": _m("Veiliggesteld beeld weg, gewijzigd of niet te openen"),
    "R11": _m("Kopie is er nog na vrijgave"),
    "R12": _m("Bestand in de bewijsopslag van geen veiligstelling"),
}
"""The codes of retention.verify."""
AUDIT_ACTION: Final[Mapping[str, str]] = {
    "session.own": _m("eigen sessie"),
    "page.open": _m("pagina openen"),
    "login": _m("inloggen"),
    "logout": _m("uitloggen"),
    "alarms.acknowledge": _m("melding bevestigen"),
    "layouts.use": _m("standen van de muur gebruiken"),
    "layouts.share": _m("stand van de muur delen"),
    "live.watch": _m("live bekijken"),
    "ptz.take": _m("camera sturen"),
    "ptz.preset": _m("preset bewaren"),
    "ptz.steer": _m("camera sturen"),
    "ptz.patrol": _m("patrouille starten of stoppen"),
    "trails.make": _m("volgspoor maken"),
    "trails.step": _m("volgen naar buurcamera"),
    "trails.end": _m("volgspoor beëindigen"),
    "trails.read": _m("volgsporen inzien"),
    "bookmarks.make": _m("moment markeren"),
    "incidents.write": _m("incident registreren"),
    "incidents.change": _m("incident bijwerken"),
    "incidents.read": _m("incidenten inzien"),
    "incidents.export": _m("incidenten als bestand"),
    "incidents.import": _m("incidenten van een jaar invoeren"),
    "incidents.categories": _m("categorie van incidenten wijzigen"),
    "snapshot.view": _m("foto bekijken"),
    "masks.draw": _m("masker tekenen"),
    "masks.propose": _m("masker ter vaststelling aanbieden"),
    "masks.approve": _m("masker vaststellen"),
    "masks.reject": _m("masker afkeuren"),
    "masks.retract": _m("voorstel van masker terugtrekken"),
    "masks.close": _m("maskers intrekken: camera afdekken"),
    "masks.lapse": _m("maskers vervallen: camera verplaatst"),
    "masks.import": _m("maskers uit bestand invoeren"),
    "masks.still": _m("foto zonder masker om op te tekenen"),
    "masks.aim": _m("camera richten om te tekenen"),
    "masks.read": _m("maskers inzien"),
    "footage.consult": _m("doel en nummer opgeven"),
    "footage.search": _m("opnamen zoeken"),
    "footage.view": _m("terugkijken"),
    "footage.photo": _m("foto uit opname"),
    "footage.motion": _m("beweging zoeken"),
    "footage.export": _m("export maken"),
    "footage.download": _m("export ophalen"),
    "requests.read": _m("verzoeken inzien"),
    "requests.ask": _m("beelden aanvragen"),
    "requests.decide": _m("over verzoek beslissen"),
    "requests.export": _m("beelden verstrekken"),
    "bundles.make": _m("export samenstellen"),
    "export.create": _m("export samenstellen"),
    "export.cancel": _m("export afbreken"),
    "export.download": _m("export ophalen"),
    "export.check": _m("export controleren"),
    "exports.check": _m("export controleren"),
    "masks.lift": _m("beeld zonder masker verstrekken"),
    "cameras.list": _m("cameralijst inzien"),
    "status.read": _m("toestand inzien"),
    "events.follow": _m("pagina volgen"),
    "metrics.read": _m("meetcijfers inzien"),
    "audit.read": _m("auditlog inzien"),
    "audit.alert": _m("signaal nagekeken"),
    "audit.review": _m("aanmeldingen gecontroleerd"),
    "audit.export": _m("auditlog als bestand"),
    "audit.pack": _m("auditpakket maken"),
    "audit.accept": _m("auditlog aanvaarden zoals het is: kopie gaat verder"),
    "retention.proof": _m("bewaarbewijs inzien"),
    "decisions.read": _m("besluiten inzien"),
    "decisions.write": _m("besluit inschrijven"),
    "decisions.correct": _m("besluit verbeteren"),
    "decisions.signs": _m("borden nagekeken"),
    "decisions.import": _m("besluiten uit bestand invoeren"),
    "placements.read": _m("plaatsingen inzien"),
    "placements.move": _m("camera verhuizen"),
    "shifts.own": _m("eigen dienst"),
    "shifts.read": _m("dienstregister inzien"),
    "shifts.begin": _m("dienst beginnen"),
    "shifts.end": _m("dienst afsluiten"),
    "users.list": _m("accounts en toekenningen inzien"),
    "users.add": _m("account maken"),
    "users.disable": _m("account uitzetten"),
    "users.grant": _m("rol geven voor een deel"),
    "crossings.give": _m("inzage voor een ander doel geven"),
    "crossings.withdraw": _m("inzage voor een ander doel beëindigen"),
    "crossings.list": _m("inzage voor een ander doel bekijken"),
    "users.revoke": _m("gegeven rol intrekken"),
    "users.enable": _m("account aanzetten"),
    "users.password": _m("wachtwoord wijzigen"),
    "users.roles": _m("rollen wijzigen"),
    "tokens.add": _m("token maken"),
    "tokens.revoke": _m("token intrekken"),
    "volumes.forget": _m("schijf als verloren opgeven"),
    "holds.footage_lost": _m("veiliggesteld beeld verloren"),
    "holds.read": _m("veiligstellingen inzien"),
    "holds.set": _m("veiligstellen"),
    "holds.create": _m("veiligstellen"),
    "holds.extend": _m("veiligstelling verlengen"),
    "holds.release": _m("veiligstelling vrijgeven"),
    **LOGIN_ACTIONS,
}
AUDIT_DETAIL: Final[Mapping[str, str]] = {
    **LOGIN_DETAILS,
    "about": _m("over camera"),
    "alarm": _m("melding"),
    "author": _m("tekenaar"),
    "basis": _m("grondslag"),
    "before": _m("ouder dan regel"),
    "bytes": _m("omvang in bytes"),
    "camera": _m("camera-id"),
    "cameras": _m("camera-id's"),
    "cases": _m("zaken"),
    "category": _m("categorie"),
    "consultation": _m("raadpleging"),
    "colleagues": _m("collega's"),
    "coordinator": _m("coördinator van de politie"),
    "desk": _m("werkplek"),
    "grant": _m("nummer van de toekenning"),
    "crossing": _m("nummer van de inzage"),
    "group": _m("gebied"),
    "role": _m("rol"),
    "at_us": _m("tijdstip"),
    "came_from": _m("vanaf camera"),
    "from_us": _m("vanaf"),
    "kind": _m("soort"),
    "limit": _m("regels"),
    "approver": _m("tweede persoon"),
    "decision": _m("beslissing"),
    "draft": _m("concept"),
    "export": _m("nummer van de export"),
    "drawn": _m("getrokken"),
    "sample": _m("steekproef"),
    "outcome": _m("uitkomst"),
    "findings": _m("bevindingen"),
    "from": _m("vanaf dag"),
    "to": _m("tot en met dag"),
    "intact": _m("ongewijzigd (1 = ja)"),
    "masks": _m("maskers"),
    "preset": _m("voorkeuzestand"),
    "name": _m("naam"),
    "note": _m("notitie"),
    "numbers": _m("registratienummers"),
    "path": _m("pad"),
    "profile": _m("stroom"),
    "purpose": _m("doel"),
    "reason": _m("reden"),
    "receipt": _m("ontvangstbewijs"),
    "recipient": _m("ontvanger"),
    "reference": _m("registratienummer"),
    "revoked": _m("ingetrokken toekenningen"),
    "region": _m("vlak in beeld"),
    "requester": _m("aanvrager"),
    "review_us": _m("herbeoordelen op"),
    "shared": _m("gedeeld (1 = ja)"),
    "segments": _m("bestanden"),
    "sha256": _m("controlegetal (SHA-256)"),
    "start_us": _m("begin"),
    "taken_from": _m("overgenomen van"),
    "to_us": _m("tot"),
    "unmasked": _m("zonder masker (1 = ja)"),
    "valid_from_us": _m("geldt vanaf"),
    "version": _m("versie"),
    "volume": _m("schijf"),
    "what": _m("handeling"),
    "who": _m("wie"),
    "follow_ups": _m("opvolging"),
    "rows": _m("regels"),
    "status": _m("status van het incident"),
    "years": _m("jaren"),
}
"""What an audit row may add; a name in `_us` is a moment."""

OVERSIGHT: Final[Mapping[str, str]] = {
    "long_watch": _m("lang naar één camera gekeken"),
    "many_looks_back": _m("vaak teruggekeken op één plek"),
    "refused_often": _m("vaak geweigerd"),
    "odd_hours": _m("aangemeld op een ongewoon uur"),
}
"""Patterns of vms.rules.oversight."""

CONSULTATION_PURPOSE: Final[Mapping[str, str]] = {
    "heterdaad": _m("heterdaad"),
    "opsporing": _m("opsporing van een strafbaar feit"),
    "openbare_orde": _m("handhaving van de openbare orde"),
    "hulpverlening": _m("hulpverlening"),
    "vermissing": _m("vermissing"),
}
"""What police look back for; the page offers these, a machine may name another."""
ALARM: Final[Mapping[str, str]] = {
    "camera_lost": _m("geen beeld"),
    "camera_back": _m("beeld is terug"),
    "recording_fault": _m("opname gestopt"),
    "pictures_lost": _m("beelden verloren"),
    "mask_fault": _m("masker onzeker"),
    "live_down": _m("beeldproces antwoordt niet"),
    "live_back": _m("beeldproces antwoordt weer"),
    "volume_fault": _m("schijf gestoord"),
    "volume_back": _m("schijf weer in orde"),
    "disk_pressure": _m("schijf te vol"),
    "disk_forecast": _m("schijf binnenkort vol"),
    "evidence_fault": _m("veiligstellen lukt niet"),
    "evidence_back": _m("veiligstellen lukt weer"),
    "hold_review": _m("veiligstelling herbeoordelen"),
    "break_glass": _m("noodaccount gebruikt"),
    "certificate_ends": _m("certificaat verloopt"),
    "audit_copy_fault": _m("kopie van het auditlog loopt achter"),
    "audit_copy_rejected": _m("kopie van het auditlog mist geweigerde regels"),
    "audit_copy_back": _m("kopie van het auditlog is weer bij"),
    "audit_differs": _m("auditlog is niet meer wat de kopie heeft"),
}
"""Kinds of alarms, where their own sentences are not at hand."""
PROFILE: Final[Mapping[str, str]] = {
    "tile": _m("tegel"),
    "hero": _m("groot beeld"),
    "overview": _m("overzicht van alle camera's"),
    "main": _m("hoofdstroom"),
    "sub": _m("substroom"),
}

_FOR_BROWSER: Final[Mapping[str, Mapping[str, str]]] = {
    "source": SOURCE,
    "source_fix": SOURCE_FIX,
    "recording": RECORDING,
    "recording_fix": RECORDING_FIX,
    "coverage": COVERAGE,
    "mask": MASK,
    "mask_fix": MASK_FIX,
    "disk": DISK,
    "disk_fix": DISK_FIX,
    "process": PROCESS,
    "finding": FINDING,
    "audit_action": AUDIT_ACTION,
    "oversight": OVERSIGHT,
    "audit_detail": AUDIT_DETAIL,
    "consultation_purpose": CONSULTATION_PURPOSE,
    "alarm": ALARM,
    "profile": PROFILE,
    "login_method": METHOD,
    **DECISION_WORDS,
    **INCIDENT_WORDS,
}


def words_in(language: Language) -> dict[str, dict[str, str]]:
    """Every table, by name, in one language."""
    translate = texts(language)
    return {
        table: {code: translate(text) if text else "" for code, text in known.items()}
        for table, known in _FOR_BROWSER.items()
    }


def both(table: Mapping[str, str], code: str) -> tuple[str, str]:
    """A code's text in Dutch and English. A code that nobody knows is said to be unknown, never shown raw."""
    dutch = table.get(code, UNKNOWN)
    return dutch, texts("en")(dutch)
