"""On which line of a TOML text a key stands: tomllib keeps no positions."""

import re
from collections.abc import Sequence

Location = Sequence[str | int]
_TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'|#[^\n]*|[\[\]{},]')
_HEADER = re.compile(r"\s*\[\[?[\w.\- \"']+\]\]?\s*(#.*)?$")


def line_of(text: str, location: Location) -> int:
    """Best line for a key: its section's header, then the key below it, then its place in an array. From 1."""
    lines = text.splitlines()
    start, end = _section_span(lines, location)
    depth = 2 if len(location) > 1 and isinstance(location[1], int) else 1
    inner = location[depth:]
    if any(isinstance(part, int) for part in inner):
        return _line_in_array(lines, start, end, inner)
    key = next((part for part in reversed(location) if isinstance(part, str)), "")
    for number in range(start, end):
        if re.match(rf"\s*{re.escape(key)}\s*=", lines[number]) or re.search(
            rf"[{{,]\s*{re.escape(key)}\s*=", lines[number]
        ):
            return number + 1
    return start + 1 if lines else 1


def _section_span(lines: Sequence[str], location: Location) -> tuple[int, int]:
    header = str(location[0]) if location else ""
    wanted = location[1] if len(location) > 1 and isinstance(location[1], int) else 0
    headers = [n for n, line in enumerate(lines) if re.match(rf"\s*\[\[?{re.escape(header)}\]?\]", line)]
    if not headers:
        return 0, len(lines)
    start = headers[min(wanted, len(headers) - 1)]
    end = next((n for n in range(start + 1, len(lines)) if _HEADER.match(lines[n])), len(lines))
    return start, end


def _line_in_array(lines: Sequence[str], start: int, end: int, inner: Location) -> int:
    """inner: the array's key, then element numbers and keys below it. As far as it can be followed."""
    text = "\n".join(lines[start:end])
    span = (0, len(text))
    found = 0
    for part in inner:
        if isinstance(part, int):
            elements = _elements(text, *span)
            if part >= len(elements):
                break
            span = elements[part]
            found = span[0]
        else:
            key = re.compile(rf"(?:^|[{{,])\s*{re.escape(part)}\s*=\s*", re.MULTILINE).search(text, *span)
            if key is None:
                break
            found, span = key.end() - 1, (key.end(), span[1])
    return start + 1 + text.count("\n", 0, found)


def _elements(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Where the elements of the array that begins after start lie; none when there is no array."""
    found: list[tuple[int, int]] = []
    depth, begin = 0, start
    for token in _TOKEN.finditer(text, start, end):
        mark = token.group()
        if mark in "[{":
            depth += 1
            begin = token.end() if depth == 1 else begin
        elif mark in "]}" or (mark == "," and depth == 1):
            if depth == 1 and text[begin : token.start()].strip():
                found.append((_first(text, begin, token.start()), token.start()))
            begin = token.end() if depth == 1 else begin
            depth -= mark != ","
            if depth == 0:
                break
    return found


def _first(text: str, start: int, end: int) -> int:
    """Past white space and comments."""
    blank = re.compile(r"(?:\s|#[^\n]*\n)*").match(text, start, end)
    return blank.end() if blank else start
