"""Problems of signing in and of one's own account, beside `problems`: code, status, Dutch, English."""

from typing import Final

LOGIN_TEXTS: Final[dict[str, tuple[int, str, str]]] = {
    "second_factor_code": (
        401,
        "Geef ook de code van uw telefoon, of een herstelcode.",
        "Give the code of your telephone too, or a recovery code.",
    ),
    "second_factor_wrong": (
        401,
        "Deze code klopt niet, of is al gebruikt.",
        "This code is wrong, or was used before.",
    ),
    "second_factor_enrol": (
        403,
        "Bij uw rol hoort een tweede factor; koppel eerst een telefoon.",
        "Your role needs a second factor; couple a telephone first.",
    ),
    "second_factor_enrolled": (
        409,
        "Voor dit account is geen telefoon te koppelen: dat is al gedaan, of niet nodig.",
        "No telephone can be coupled to this account: that is done already, or not needed.",
    ),
    "break_glass_reason": (
        422,
        "Dit is een noodaccount. Geef de reden op; de aanmelding wordt aan iedereen gemeld.",
        "This is a break-glass account. Give the reason; everybody is told of this login.",
    ),
    "break_glass_spent": (
        403,
        "Dit noodaccount is al gebruikt. De beheerder geeft het eerst een nieuw wachtwoord.",
        "This break-glass account was used already. The administrator gives it a new password first.",
    ),
    "first_run_over": (409, "Er zijn al accounts; log in.", "There are accounts already; sign in."),
    "first_run_code": (403, "Deze code klopt niet.", "This code is wrong."),
    "own_password": (403, "Dit is niet uw huidige wachtwoord.", "This is not your present password."),
    "password_rule": (
        422,
        "Een wachtwoord heeft 12 tot 200 tekens.",
        "A password has 12 to 200 characters.",
    ),
    "password_same": (
        422,
        "Kies een ander wachtwoord dan het huidige.",
        "Choose another password than the present one.",
    ),
    "account_name": (
        422,
        "Een gebruikersnaam heeft kleine letters, cijfers, '.', '_', '@' of '-', en begint met een letter of cijfer.",
        "A user name has a-z, 0-9, '.', '_', '@' or '-', and starts with a letter or digit.",
    ),
    "not_local": (
        409,
        "Dit account heeft hier geen wachtwoord: het meldt zich elders aan.",
        "This account has no password here: it signs in elsewhere.",
    ),
}
