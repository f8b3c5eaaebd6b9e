"""A command line as words, as bash or Windows' cmd would give them to the program.

Words are text in which bytes that are not UTF-8 are surrogates (as in `os.fsdecode`); `octets`
gives their bytes. Variables come from a mapping; nothing is ever run.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from streamlab.errors import InputError

__all__ = ["bash_words", "cmd_words", "is_cmd", "octets"]

_HINT: Final = "paste the whole command, as `Copy as cURL` gives it; @FILE reads it from a file"

# The parts of a word (https://www.gnu.org/software/bash/manual/html_node/Quoting.html).
_PART: Final = re.compile(
    r"""(?xs)
    (?P<continuation> \\\r?\n )
    | \$ (?P<ansi> ' (?: [^'\\] | \\. )* ' )
    | ' (?P<single> [^']* ) '
    | \$? " (?P<double> (?: [^"\\] | \\. )* ) "
    | \\ (?P<escaped> . )
    | (?P<variable> \$ (?: \w+ | \{ \w+ \} ) )
    | (?P<blank> [ \t\r\n]+ )
    | (?P<comment> (?<!\S) \# [^\n]* )
    | (?P<wrong> ['"`\\;&|<>()] | \$\( )
    | (?P<plain> [^\s'"`\\;&|<>()$]+ | \$ )
    """
)
_IN_DOUBLE: Final = re.compile(
    r"""(?xs)
    (?P<continuation> \\\r?\n )
    | \\ (?P<escaped> [$`"\\] )
    | (?P<variable> \$ (?: [A-Za-z_]\w* | \{ \w+ \} ) )
    | (?P<wrong> ` | \$\( )
    | (?P<plain> [^\\$`]+ | . )
    """
)


def octets(word: str) -> bytes:
    """The bytes of a word."""
    return word.encode("utf-8", "surrogateescape")


def bash_words(command: str, variables: Mapping[str, str]) -> list[str]:
    """The words that bash makes of one simple command. InputError for what needs a shell."""
    words: list[str] = []
    word: str | None = None
    # `Copy all as cURL` ends each command with a semicolon.
    for match in _matches(_PART, command.rstrip(" \t\r\n;")):
        kind, text = match.lastgroup or "", match[match.lastgroup or 0]
        if kind in {"blank", "comment"}:
            words += [] if word is None else [word]
            word = None
        elif kind != "continuation":
            word = (word or "") + _part(kind, text, variables)
    return words if word is None else [*words, word]


def _matches(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    position = 0
    while match := pattern.match(text, position):
        yield match
        position = match.end()


def _part(kind: str, text: str, variables: Mapping[str, str]) -> str:
    match kind:
        case "ansi":
            return _ansi(text[1:-1])
        case "double":
            return "".join(
                _part(each.lastgroup or "", each[each.lastgroup or 0], variables)
                for each in _matches(_IN_DOUBLE, text)
            )
        case "variable":
            return _variable(text.strip("${}"), variables)
        case "wrong":
            raise _wrong(text)
        case "continuation":
            return ""
        case _:
            return text


def _wrong(text: str) -> InputError:
    if text in "'\"\\":
        return InputError(f"the command ends inside a quotation ({text})", _HINT)
    message = f"the command needs a shell: {text} is not run here"
    return InputError(message, "quote what is meant as it stands, and give one curl command alone")


def _variable(name: str, variables: Mapping[str, str]) -> str:
    if name not in variables:
        raise InputError(f"the command uses ${name}, which is not set", f"export {name}=…")
    return variables[name]


_ANSI_ESCAPE: Final = re.compile(
    r"""(?xs) \\ (?:
    u (?P<high> [dD][89abAB][0-9a-fA-F]{2} ) \\u (?P<low> [dD][c-fC-F][0-9a-fA-F]{2} )
    | u (?P<u> [0-9a-fA-F]{1,4} ) | U (?P<U> [0-9a-fA-F]{1,8} )
    | x (?P<x> [0-9a-fA-F]{1,2} ) | (?P<o> [0-7]{1,3} )
    | c (?P<c> . ) | (?P<letter> . )
    )"""
)
_LETTERS: Final = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v",
                   "e": "\x1b", "E": "\x1b"}  # fmt: skip
_QUOTED: Final = "\\'\"?"


def _ansi(text: str) -> str:
    r"""What $'…' means. \x and octal numbers give bytes; browsers write characters beyond U+FFFF
    as two \u."""
    return octets(_ANSI_ESCAPE.sub(_ansi_escape, text)).decode("utf-8", "surrogateescape")


def _ansi_escape(match: re.Match[str]) -> str:
    found = {name: value for name, value in match.groupdict().items() if value is not None}
    if "high" in found:
        high, low = int(found["high"], 16) - 0xD800, int(found["low"], 16) - 0xDC00
        return chr(0x10000 + (high << 10) + low)
    [(kind, value)] = found.items()
    match kind:
        case "u" | "U":
            return _character(int(value, 16))
        case "x" | "o":
            return _byte(int(value, 16 if kind == "x" else 8) & 0xFF)
        case "c":
            return chr(ord(value) & 0x1F)
        case _:
            return _LETTERS.get(value) or (value if value in _QUOTED else f"\\{value}")


def _character(code: int) -> str:
    """A half of a pair alone is no character."""
    return chr(code) if code < 0xD800 or 0xDFFF < code <= 0x10FFFF else "\ufffd"


def _byte(code: int) -> str:
    return bytes([code]).decode("utf-8", "surrogateescape")


def is_cmd(command: str) -> bool:
    """Whether a browser wrote it for Windows' cmd: quotes or ends of lines have a caret."""
    return re.search(r'\^"|\^[ \t]*\r?$', command, re.MULTILINE) is not None


def cmd_words(command: str) -> list[str]:
    """The words that a C program gets of a command typed into cmd.

    First the carets go, as cmd does it; then the quotes, by the rules of Microsoft's C runtime
    (https://learn.microsoft.com/cpp/c-language/parsing-c-command-line-arguments).
    """
    return _c_words(_without_carets(command))


def _without_carets(command: str) -> str:
    """Outside of plain quotes a caret protects the next character; before an end of line it joins
    the lines, and one of two ends of lines stays."""
    kept: list[str] = []
    is_quoted = False
    for match in re.finditer(r"\^\r?\n(\r?\n)?|\^(.)|(.|\n)", command):
        line_end, protected, plain = match.groups()
        if plain is not None:
            is_quoted ^= plain == '"'
            kept.append(plain)
        elif is_quoted:
            kept.append(match[0])
        else:
            kept.append("\n" if line_end else protected or "")
    return "".join(kept)


_C_PART: Final = re.compile(
    r'(?s)(?P<slashes>\\*)(?P<quotes>"+)|(?P<blank>[ \t\r\n]+)|(?P<plain>.)'
)


def _c_words(text: str) -> list[str]:
    words: list[str] = []
    word: str | None = None
    is_quoted = False
    for match in _C_PART.finditer(text):
        if match["blank"] and not is_quoted:
            words += [] if word is None else [word]
            word = None
        elif match["quotes"]:
            piece, is_quoted = _c_quotes(len(match["slashes"]), len(match["quotes"]), is_quoted)
            word = (word or "") + piece
        else:
            word = (word or "") + match[0]
    if is_quoted:
        raise _wrong('"')
    return words if word is None else [*words, word]


def _c_quotes(slashes: int, quotes: int, is_quoted: bool) -> tuple[str, bool]:
    """What backslashes before quotes mean, and whether the word is quoted after them."""
    piece = "\\" * (slashes // 2)
    if slashes % 2:
        piece += '"'
        quotes -= 1
    while quotes:
        if is_quoted and quotes > 1:
            piece += '"'
            quotes -= 2
        else:
            is_quoted = not is_quoted
            quotes -= 1
    return piece, is_quoted
