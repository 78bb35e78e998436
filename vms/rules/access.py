"""Who may do what: one table of roles and actions. Managing, watching and looking back are different roles.

Pure. The web asks `decide` for every request; a route without an action fails the tests.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, TypeGuard, get_args

from vms.rules.grants import Grant, Rights
from vms.rules.terms import PUBLIC_ORDER

Role = Literal[
    "observer",
    "police_reviewer",
    "evidence_officer",
    "technician",
    "privacy_officer",
    "shift_manager",
    "policy_officer",
    "admin",
]
ROLES: tuple[Role, ...] = get_args(Role)

Action = Literal[
    "session.own",
    "cameras.list",
    "status.read",
    "events.follow",
    "alarms.acknowledge",
    "layouts.use",
    "layouts.share",
    "live.watch",
    "ptz.steer",
    "trails.make",
    "bookmarks.make",
    "incidents.write",
    "incidents.read",
    "incidents.categories",
    "snapshot.view",
    "masks.read",
    "masks.draw",
    "masks.still",
    "masks.approve",
    "masks.lift",
    "footage.consult",
    "footage.view",
    "footage.export",
    "requests.read",
    "requests.ask",
    "requests.decide",
    "bundles.make",
    "exports.check",
    "holds.read",
    "holds.set",
    "holds.release",
    "metrics.read",
    "audit.read",
    "audit.alert",
    "audit.review",
    "retention.proof",
    "decisions.read",
    "decisions.write",
    "accounts.manage",
    "accounts.grant",
    "crossings.give",
    "shifts.own",
    "shifts.read",
    "placements.read",
    "placements.move",
]
ACTIONS: tuple[Action, ...] = get_args(Action)

_EVERYONE: frozenset[Role] = frozenset(ROLES)
_WATCH: frozenset[Role] = frozenset({"observer", "police_reviewer"})
_LOOK_BACK: frozenset[Role] = frozenset({"police_reviewer", "evidence_officer"})

ALLOWED: dict[Action, frozenset[Role]] = {
    "session.own": _EVERYONE,
    "cameras.list": _EVERYONE,
    "status.read": _EVERYONE - {"policy_officer"},
    # A policy officer follows too, but is told only how many cameras are in use: what is shown is status.read's.
    "events.follow": _EVERYONE,
    "alarms.acknowledge": _WATCH | {"technician", "shift_manager"},
    "layouts.use": _WATCH | {"shift_manager"},
    "layouts.share": frozenset({"shift_manager"}),
    "live.watch": _WATCH,
    "ptz.steer": _WATCH,
    # Made by who watches; read by who looks back, under a consultation (footage.view).
    "trails.make": _WATCH,
    "bookmarks.make": _WATCH,
    # The observers' own register: police keep theirs elsewhere and read along.
    "incidents.write": frozenset({"observer"}),
    "incidents.read": _LOOK_BACK | {"observer", "shift_manager", "policy_officer"},
    "incidents.categories": frozenset({"shift_manager", "policy_officer"}),
    "snapshot.view": _WATCH | {"technician", "privacy_officer"},
    "masks.read": frozenset({"privacy_officer", "technician"}),
    "masks.draw": frozenset({"privacy_officer", "technician"}),
    # An unmasked still, to draw on: with a reason, one by one, in the audit log.
    "masks.still": frozenset({"privacy_officer", "technician"}),
    "masks.approve": frozenset({"privacy_officer"}),
    # To ask for originals; a second person decides (vms.rules.lifting).
    "masks.lift": frozenset({"evidence_officer"}),
    "footage.consult": _LOOK_BACK,
    "footage.view": _LOOK_BACK,
    # A reviewer takes along the masked clip of what was consulted; securing footage is the evidence officer's.
    "footage.export": _LOOK_BACK,
    "requests.read": _LOOK_BACK | {"privacy_officer", "shift_manager"},
    "requests.ask": _LOOK_BACK,
    # Never about one's own: vms.rules.requests.
    "requests.decide": frozenset({"evidence_officer", "privacy_officer"}),
    "bundles.make": frozenset({"evidence_officer"}),
    "exports.check": _EVERYONE,
    "holds.read": _LOOK_BACK | {"privacy_officer"},
    "holds.set": frozenset({"evidence_officer"}),
    # Never one's own: vms.rules.holds.
    "holds.release": frozenset({"evidence_officer"}),
    "metrics.read": frozenset({"technician", "admin"}),
    "audit.read": frozenset({"privacy_officer", "shift_manager"}),
    # Never about oneself: web.api.oversight.
    "audit.alert": frozenset({"privacy_officer", "shift_manager"}),
    "audit.review": frozenset({"shift_manager"}),
    "retention.proof": frozenset({"privacy_officer", "shift_manager"}),
    "decisions.read": frozenset({"policy_officer", "privacy_officer", "shift_manager", "technician"}),
    "decisions.write": frozenset({"policy_officer"}),
    "accounts.manage": frozenset({"admin"}),
    # Never to oneself: vms.rules.granting.
    "accounts.grant": frozenset({"admin"}),
    # Never to oneself: vms.rules.crossings.
    "crossings.give": frozenset({"privacy_officer", "shift_manager"}),
    "placements.read": frozenset({"technician", "policy_officer", "privacy_officer", "shift_manager"}),
    "placements.move": frozenset({"technician", "policy_officer"}),
    "shifts.own": frozenset({"observer"}),
    "shifts.read": frozenset({"shift_manager", "policy_officer", "privacy_officer"}),
}
"""Admin is in no row that shows video: managing users and settings is not watching."""

SITE_WIDE: frozenset[Action] = frozenset(
    {
        "audit.read",
        "audit.alert",
        "audit.review",
        "retention.proof",
        "metrics.read",
        "decisions.write",
        "layouts.share",
        "accounts.manage",
        "accounts.grant",
        "incidents.categories",
        "crossings.give",
    }
)
"""About every camera at once: a role that is limited to some cameras gives none of these."""

PERSONS_ONLY: frozenset[Action] = frozenset(
    {
        "masks.approve",
        "masks.lift",
        "requests.decide",
        "holds.release",
        "audit.alert",
        "audit.review",
        "accounts.grant",
        "crossings.give",
    }
)
"""What a bearer token does not do, whatever its roles: one of the two persons of four eyes may be who holds the token,
and nobody can tell."""

PURPOSE_BOUND: frozenset[Role] = frozenset({"observer", "police_reviewer", "evidence_officer"})
"""Hold for cameras of public order; for another purpose's where they were given for it by name. Who keeps cameras,
masks and registers in order does so for all of them."""

SEEING: frozenset[Action] = frozenset({"live.watch", "snapshot.view", "footage.view"})
"""What a crossing opens (vms.rules.crossings)."""

_OF_A_PURPOSE: frozenset[Action] = SEEING | {
    "ptz.steer",
    "trails.make",
    "bookmarks.make",
    "footage.export",
    "requests.ask",
    "bundles.make",
    "holds.set",
    "masks.lift",
}

_REASONS: dict[Action, tuple[str, str]] = {
    "live.watch": (
        "Live meekijken is voorbehouden aan camera-observanten en aangewezen politie.",
        "Watching live is for observers and designated police.",
    ),
    "layouts.share": (
        "Standen voor iedereen worden gedeeld door de clustermanager.",
        "Layouts are shared with everybody by the shift manager.",
    ),
    "ptz.steer": (
        "Camera's besturen is voorbehouden aan camera-observanten en aangewezen politie.",
        "Steering cameras is for observers and designated police.",
    ),
    "incidents.write": (
        "Incidenten registreren is voorbehouden aan camera-observanten.",
        "Incidents are registered by observers.",
    ),
    "incidents.categories": (
        "De categorieën van incidenten houden de clustermanager en de beleidsmedewerker bij.",
        "Categories of incidents are kept by the shift manager and the policy officer.",
    ),
    "footage.consult": (
        "Terugkijken is voorbehouden aan aangewezen politiemedewerkers.",
        "Looking back is for designated police officers.",
    ),
    "footage.view": (
        "Terugkijken is voorbehouden aan aangewezen politiemedewerkers.",
        "Looking back is for designated police officers.",
    ),
    "footage.export": (
        "Beelden meenemen is voorbehouden aan aangewezen politiemedewerkers.",
        "Taking footage along is for designated police officers.",
    ),
    "masks.lift": (
        "Beelden zonder masker vraagt een veiligsteller aan; een tweede persoon besluit.",
        "Footage without masks is asked for by an evidence officer; a second person decides.",
    ),
    "requests.decide": (
        "Over verzoeken besluit een veiligsteller of de privacyfunctionaris, nooit over het eigen verzoek.",
        "Requests are decided by an evidence officer or the privacy officer, never their own.",
    ),
    "bundles.make": (
        "Beelden verstrekken is voorbehouden aan de veiligsteller.",
        "Giving footage out is for the evidence officer.",
    ),
    "audit.review": (
        "De controle van aanmeldingen is voorbehouden aan de clustermanager.",
        "The review of log-ins is for the shift manager.",
    ),
    "decisions.write": (
        "Het register van besluiten wordt bijgehouden door de beleidsmedewerker.",
        "The register of decisions is kept by the policy officer.",
    ),
    "accounts.manage": (
        "Accounts en aanmeldingen van anderen beheert de beheerder.",
        "Other people's accounts and sign-ins are the administrator's.",
    ),
    "accounts.grant": (
        "Rollen geeft de beheerder, aan anderen.",
        "Roles are given by the administrator, to others.",
    ),
    "crossings.give": (
        "Inzage voor een ander doel geven de privacyfunctionaris en de clustermanager, aan anderen.",
        "Letting somebody see another purpose's cameras is for the privacy officer and the shift manager.",
    ),
    "holds.read": (
        "Veiligstellingen inzien is voorbehouden aan aangewezen politiemedewerkers en de privacyfunctionaris.",
        "Evidence holds are for designated police officers and the privacy officer.",
    ),
    "holds.set": (
        "Veiligstellen, verlengen en vrijgeven is voorbehouden aan de veiligsteller.",
        "Setting, extending and releasing evidence holds is for the evidence officer.",
    ),
    "masks.draw": (
        "Maskers tekenen is voorbehouden aan de technicus en de privacyfunctionaris.",
        "Drawing masks is for the technician and the privacy officer.",
    ),
    "masks.still": (
        "Een foto om op te tekenen is voorbehouden aan de technicus en de privacyfunctionaris.",
        "A still to draw on is for the technician and the privacy officer.",
    ),
    "masks.approve": (
        "Maskers vaststellen, afkeuren en intrekken is voorbehouden aan de privacyfunctionaris.",
        "Approving, rejecting and withdrawing masks is for the privacy officer.",
    ),
}

OBSERVER_REPLAY_S = 0
"""How far an observer may look back. Only designated police look back."""


@dataclass(frozen=True, slots=True)
class Allow:
    """by: the role that gives the right."""

    by: Role


@dataclass(frozen=True, slots=True)
class Deny:
    """reason in Dutch and English, fit for the user's eyes."""

    action: Action
    nl: str
    en: str


def is_action(name: str) -> TypeGuard[Action]:
    return name in ACTIONS


def is_role(name: str) -> TypeGuard[Role]:
    return name in ROLES


def decide(
    roles: Collection[str], action: Action, scope: Collection[str] | None = None, *, is_machine: bool = False
) -> Allow | Deny:
    """Deny unless one of the roles is in the action's row. Unknown roles give nothing.

    scope: what a bearer token is narrowed to. None: to nothing less than its roles.
    """
    if is_machine and action in PERSONS_ONLY:
        return Deny(action, "Dit doet een persoon die zelf is ingelogd, geen token.", "A person does this, no token.")
    if scope is not None and action not in scope:
        return Deny(action, "Dit token is hier niet voor uitgegeven.", "This token was not issued for this.")
    granted = ALLOWED[action]
    for role in ROLES:
        if role in roles and role in granted:
            return Allow(role)
    nl, en = _REASONS.get(action, ("Uw rol geeft hier geen recht op.", "Your role does not include this."))
    return Deny(action, nl, en)


def decide_at_all(rights: Rights, action: Action) -> Allow | Deny:
    """For one camera at least; what is about the whole site needs a role for the whole site."""
    verdict = _decide(rights.everywhere if action in SITE_WIDE else rights.roles, rights, action)
    if _is_only_elsewhere(verdict, rights, action):
        nl = "Dit gaat over alle camera's; uw rol geldt voor een deel ervan."
        return Deny(action, nl, "This is about every camera; your role covers some of them.")
    return verdict


def decide_on(rights: Rights, action: Action, group: str, purpose: str) -> Allow | Deny:
    """For a camera of this group and purpose."""
    verdict = _decide(_roles_on(rights, action, group, purpose), rights, action)
    if _is_only_elsewhere(verdict, rights, action):
        if isinstance(_decide(rights.on(group, purpose), rights, action), Allow):
            return _of_another_purpose(action)
        nl = "Uw rol geldt niet voor deze camera: u hebt haar voor een ander gebied of doel."
        return Deny(action, nl, "Your role does not cover this camera: you hold it for another area or purpose.")
    return verdict


def crossing_for(rights: Rights, action: Action, group: str, purpose: str) -> Grant | None:
    """The crossing by which alone this is allowed; None: no crossing is needed, or there is none."""
    found = rights.crossing(group, purpose)
    needed = found is not None and not isinstance(
        _decide(_roles_on(rights, action, group, purpose, crosses=False), rights, action), Allow
    )
    return found if needed else None


def _roles_on(rights: Rights, action: Action, group: str, purpose: str, *, crosses: bool = True) -> frozenset[str]:
    roles = rights.on(group, purpose)
    if action not in _OF_A_PURPOSE or purpose in ("", PUBLIC_ORDER):
        return roles
    bound = (roles & PURPOSE_BOUND) - rights.for_purpose(group, purpose)
    if crosses and action in SEEING and rights.crossing(group, purpose) is not None:
        return roles | rights.roles
    return roles - bound


def _of_another_purpose(action: Action) -> Deny:
    nl = (
        "Deze camera dient een ander doel. Zien kan zodra de privacyfunctionaris of de clustermanager dat met grondslag"
    )
    en = "This camera serves another purpose. It is shown once the privacy officer or the shift manager has recorded"
    return Deny(action, f"{nl} vastlegt (Toezicht, Inzage voor een ander doel).", f"{en} on what basis (Oversight).")


def _decide(roles: Collection[str], rights: Rights, action: Action) -> Allow | Deny:
    return decide(roles, action, rights.scope, is_machine=rights.is_machine)


def _is_only_elsewhere(verdict: Allow | Deny, rights: Rights, action: Action) -> bool:
    return isinstance(verdict, Deny) and isinstance(_decide(rights.roles, rights, action), Allow)
