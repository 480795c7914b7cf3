"""From a tag's text to a tree: bounds, characters, one statement, syntax."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from sqlglot import exp
from sqlglot.errors import ErrorLevel, ParseError, TokenError
from sqlglot.tokens import Token, TokenType

from tagging.dialect import TagSql
from tagging.problems import Problem, place

TEXT_LENGTH = 20_000
TOKENS = 4_000
NODES = 2_000
DEPTH = 60
LITERAL_LENGTH = 256
DIGITS = 18
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}")
"""Bounds of a text. A tag is a page, not a book; what is longer is generated, and generated text hides things."""

_CONTROL = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_CLOSED = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|`(?:[^`]|``)*`", re.DOTALL)
_OPENING = re.compile(r"/\*|'|`")
_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?|\.[0-9]+")


def read(text: str, first_line: int = 1) -> tuple[exp.Query | None, tuple[Problem, ...]]:
    """The tree of a text, or None with all that stopped it. Lines are counted from `first_line`."""

    def at(offset: int, message: str, suggestion: str = "") -> Problem:
        return Problem(*place(text, offset, first_line), message, suggestion)

    if len(text) > TEXT_LENGTH:
        return None, (
            at(0, f"the text has {len(text)} characters, at most {TEXT_LENGTH} are allowed", "split the tag"),
        )
    problems = [at(offset, message, hint) for offset, message, hint in characters(text)]
    if problems:
        return None, tuple(problems)
    try:
        tokens = TagSql().tokenize(text)
    except TokenError:
        return None, (at(unclosed(text), "this does not end", "close the quote or the comment"),)
    while tokens and tokens[-1].token_type is TokenType.SEMICOLON:
        tokens.pop()
    problems = [at(offset, message, hint) for offset, message, hint in (*_hints(text, tokens), *_tokens(tokens))]
    if problems or not tokens:
        return None, tuple(problems) or (at(0, "there is no SELECT", "add SELECT user_id, ... AS value FROM ..."),)
    try:
        trees = TagSql.Parser(error_level=ErrorLevel.RAISE, dialect=TagSql()).parse(tokens, text)
    except ParseError as error:
        return None, tuple(syntax(text, found, first_line) for found in error.errors) or (at(0, "not a SELECT"),)
    except RecursionError:
        return None, (at(0, f"the text is nested deeper than {DEPTH}", "build it from smaller derived tables"),)
    except Exception as error:
        # The parser is a large program by others. Whatever it stumbles over, the author's text is at fault, not the caller.
        return None, (at(0, f"syntax error: not understood ({type(error).__name__})", "write plain SELECTs"),)
    tree = trees[0] if len(trees) == 1 else None
    if not isinstance(tree, exp.Query):
        return None, (at(0, "a tag is one SELECT", "write SELECT user_id, ... AS value FROM ..."),)
    problems = [at(offset, message, hint) for offset, message, hint in out_of_bounds(tree)]
    return (None if problems else tree), tuple(problems)


_Found = tuple[int, str, str]


def characters(text: str) -> Iterator[_Found]:
    """Those that nobody sees or that do something: (offset, message, suggestion) of each."""
    for offset, character in enumerate(text):
        if character in "\n\t" or text.startswith("\r\n", offset):
            continue
        if unicodedata.category(character) in _CONTROL:
            name = unicodedata.name(character, "control character")
            yield offset, f"the character U+{ord(character):04X} ({name}) is not allowed", "remove it"
            if character == "\0":
                return


def _tokens(tokens: list[Token]) -> Iterator[_Found]:
    if len(tokens) > TOKENS:
        yield tokens[TOKENS].start, f"more than {TOKENS} words and signs", "split the tag"
        return
    if tokens and tokens[0].token_type not in (TokenType.SELECT, TokenType.WITH, TokenType.L_PAREN):
        yield tokens[0].start, f"a tag is one SELECT, got {tokens[0].text[:30]!r}", "begin with SELECT or WITH"
        return
    depth = 0
    for token in tokens:
        yield from _token(token)
        if token.token_type is TokenType.SEMICOLON:
            yield token.start, "a tag is one statement", "remove everything after the first"
        depth += (token.token_type is TokenType.L_PAREN) - (token.token_type is TokenType.R_PAREN)
        if depth == DEPTH:
            yield token.start, f"nested deeper than {DEPTH} brackets", "build it from smaller derived tables"
            return


def _hints(text: str, tokens: list[Token]) -> Iterator[_Found]:
    # Wherever it stands: what is a comment for one parser is an order for another.
    end = 0
    for token in tokens:
        gap = text[end : token.end + 1 if token.token_type is TokenType.HINT else token.start]
        if "/*+" in gap:
            yield (
                end + gap.index("/*+"),
                "hints are not allowed",
                "remove /*+ ... */: a tag says what, the job says how",
            )
        end = token.end + 1
    if "/*+" in text[end:]:
        yield text.index("/*+", end), "hints are not allowed", "remove /*+ ... */: a tag says what, the job says how"


def _token(token: Token) -> Iterator[_Found]:
    kind, text, at = token.token_type, token.text, token.start
    if kind is TokenType.STRING:
        if len(text) > LITERAL_LENGTH:
            yield at, f"a text of {len(text)} characters, at most {LITERAL_LENGTH} are allowed", "shorten it"
        if "\n" in text or "\r" in text or "\t" in text:
            yield at, "a text goes over the end of its line or has a tab", "close the quote on the same line"
    elif kind is TokenType.NUMBER:
        if not _NUMBER.fullmatch(text):
            yield (
                at,
                f"{text[:30]!r} is not a plain number",
                "write digits with an optional decimal point, such as 0.25",
            )
        elif len(text.replace(".", "")) > DIGITS:
            yield at, f"a number of {len(text)} digits, at most {DIGITS} are allowed", "use a smaller number"
    elif kind in (TokenType.VAR, TokenType.IDENTIFIER):
        if not NAME.fullmatch(text):
            hidden = " (names that begin with _ are the system's own)" if text.startswith("_") else ""
            yield at, f"{text[:70]!r} is not a name{hidden}", "use a-z, 0-9 and _, from a letter on, at most 63"
    elif not text.isascii():
        yield at, f"{text[:30]!r} is not a word of SQL", "write it in plain ASCII letters"


def unclosed(text: str) -> int:
    """Where the quote or comment begins that has no end."""
    end = 0
    for found in _CLOSED.finditer(text):
        if found.start() > end and (opened := _OPENING.search(text, end, found.start())):
            return opened.start()
        end = found.end()
    opened = _OPENING.search(text, end)
    return opened.start() if opened else len(text)


def syntax(text: str, error: dict, first_line: int) -> Problem:
    """What the parser says of a text, in a person's words."""
    line, word = error.get("line") or 1, (error.get("highlight") or "").strip()
    # The parser gives the column of a word's last character.
    column = max(1, (error.get("col") or 1) - max(0, len(word) - 1))
    near = f" at {word[:30]!r}" if word else ""
    said = (error.get("description") or "").split(" but got")[0].split(". Instead")[0].rstrip(".")
    if not said or "<" in said or "Unexpected token" in said:
        said = "something is missing or out of place here"
    return Problem(first_line + line - 1, column, f"syntax error{near}: {said}", "")


def out_of_bounds(tree: exp.Expr) -> Iterator[_Found]:
    """Whether a tree has too many parts or is nested too deeply: (offset, message, suggestion), at most one."""
    nodes, stack = 0, [(tree, 1)]
    while stack:
        node, depth = stack.pop()
        nodes += 1
        if nodes > NODES:
            yield offset_of(tree), f"more than {NODES} parts", "split the tag"
            return
        if depth > DEPTH:
            yield offset_of(node), f"nested deeper than {DEPTH}", "use IN (...) or build it from smaller derived tables"
            return
        stack.extend((child, depth + 1) for child in node.iter_expressions())


def offset_of(node: exp.Expr) -> int:
    """Where a node begins in the text, by its own place, that of its parts, or that of what holds it."""
    places = [part.meta["start"] for part in node.walk() if "start" in part.meta]
    if places:
        return min(places)
    return offset_of(node.parent) if node.parent else 0
