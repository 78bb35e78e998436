"""The paper that a report is printed on: A4, with fonts of its own, so that a name is printed as it is written.

DejaVu has the letters of Europe, and Arabic and Hebrew; Droid has those of East Asia, and is opened only when one
occurs. What neither has is printed as its number (`[U+1F984]`): no two names look alike because of the paper.
"""

from collections.abc import Iterable
from importlib import resources
from pathlib import Path

from fpdf import FPDF
from fpdf.fonts import TTFFont

_WIDTHS_MM = (48, 138)
_TEXT, _FIXED, _REST = "DejaVu", "DejaVuMono", "Droid"
_FONTS = ((_TEXT, "", "DejaVuSans.ttf"), (_TEXT, "B", "DejaVuSans-Bold.ttf"), (_FIXED, "", "DejaVuSansMono.ttf"))


class Paper(FPDF):
    """max_rows: of one list; what is more is counted."""

    def __init__(self, site: str, max_rows: int) -> None:
        super().__init__(format="A4")
        self._site = site
        self._max_rows = max_rows
        self._known: set[int] = set()
        for family, style, file in _FONTS:
            self._add(family, style, file)
        self.set_fallback_fonts([_TEXT], exact_match=False)
        self._is_complete = False
        self.set_auto_page_break(True, margin=18)
        self.set_margins(12, 14)

    def footer(self) -> None:
        self.set_y(-12)
        self.set_font(_TEXT, size=8)
        self.cell(0, 5, self._shown(f"{self._site} - pagina {self.page_no()} van {{nb}}"), align="C")

    def heading(self, text: str, size: int) -> None:
        self.ln(3)
        self.set_font(_TEXT, "B", size)
        self.multi_cell(0, 8, self._shown(text), new_x="LMARGIN", new_y="NEXT")

    def facts(self, rows: Iterable[tuple[str, str]]) -> None:
        for name, value in rows:
            self.set_font(_TEXT, "B", 8.5)
            self.cell(_WIDTHS_MM[0], 5, self._shown(name))
            self.set_font(_TEXT, size=8.5)
            self.multi_cell(_WIDTHS_MM[1], 5, self._shown(value), new_x="LMARGIN", new_y="NEXT")

    def listing(self, title: str, lines: Iterable[str], without: str) -> None:
        self.ln(1)
        self.set_font(_TEXT, "B", 8.5)
        self._line(5, title)
        self.set_font(_FIXED, size=7.5)
        shown = 0
        for line in lines:
            shown += 1
            if shown <= self._max_rows:
                self._line(4, line)
        if shown > self._max_rows:
            self._line(4, f"en {shown - self._max_rows} meer: zie manifest.json")
        if shown == 0:
            self._line(4, without)

    def _line(self, height: int, text: str) -> None:
        self.multi_cell(0, height, self._shown(text), new_x="LMARGIN", new_y="NEXT")

    def _add(self, family: str, style: str, file: str) -> None:
        with resources.as_file(resources.files("web.bundle").joinpath("fonts", file)) as path:
            self.add_font(family, style, Path(path))
        font = self.fonts[family.lower() + style]
        if isinstance(font, TTFFont):
            # A letter that one of them lacks is looked for in the fallback fonts.
            self._known |= set(font.cmap)

    def _shown(self, text: str) -> str:
        printable = "".join(letter if letter.isprintable() else " " for letter in text) or "-"
        if not self._is_complete and any(ord(letter) not in self._known for letter in printable):
            self._add(_REST, "", "DroidSansFallback.ttf")
            self._is_complete = True
            self.set_fallback_fonts([_TEXT, _REST], exact_match=False)
        return "".join(letter if ord(letter) in self._known else f"[U+{ord(letter):04X}]" for letter in printable)
