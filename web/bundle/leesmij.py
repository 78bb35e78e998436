"""What lies in every export for who receives it."""

READ_ME = """\
Camerabeelden van {site}

Dit pakket bevat beelden met het bewijs dat zij sinds de export niet veranderd zijn.

Bekijken: de bestanden in de map `beelden` spelen in elke videospeler (MP4, H.264 of H.265). Waar geen beeld is, staat
het stil; `manifest.pdf` noemt elke onderbreking met de reden.

Controleren (Python 3.9 of nieuwer; geen netwerk, geen server), met het hele, niet uitgepakte pakket:

    python3 controleer_export.py DIT-BESTAND.zip --sleutel SLEUTEL

SLEUTEL is de publieke sleutel van de gemeente, of haar kenmerk van 16 tekens, zoals de gemeente u dat op een andere
weg gaf. De sleutel in dit pakket heeft kenmerk {key_id}. Wie dit pakket vervalst kan ook die vervangen:
vertrouw hem dus niet zonder te vergelijken. Haal controleer_export.py liever uit de broncode van Uitkijk dan uit dit
pakket. Wie inlogt bij de gemeente kan het pakket ook controleren op de pagina /controle.

beelden/*.mp4        per camera een video, verzegeld volgens het ONVIF Export File Format (RSASSA-PSS)
manifest.json        alles over deze export: SHA-256 per bestand en per fragment, opnamen, onderbrekingen, maskers
manifest.pdf         hetzelfde om te lezen
tijdstempel.json     tijdstempel van buiten (RFC 3161) over de handtekening, als de gemeente daarvoor een dienst heeft
sleutel.pem          de publieke sleutel (Ed25519) onder het manifest
certificaat.pem      het certificaat (RSA-3072) onder de video's
"""
