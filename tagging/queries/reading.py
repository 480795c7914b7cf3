"""From an analyst's text to a tree that only reads the views: bounds, characters, one statement, syntax, what is allowed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlglot import exp
from sqlglot.errors import ErrorLevel, ParseError, TokenError
from sqlglot.tokens import Token, TokenType

from tagging.problems import Problem, place
from tagging.queries.allowed import refused
from tagging.queries.dialect import QuerySql
from tagging.reading import (
    DEPTH,
    DIGITS,
    LITERAL_LENGTH,
    TEXT_LENGTH,
    TOKENS,
    characters,
    out_of_bounds,
    syntax,
    unclosed,
)

_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?|\.[0-9]+")
_BEGINNINGS = (TokenType.SELECT, TokenType.WITH, TokenType.L_PAREN)
_Found = tuple[int, str, str]


class QueryProblems(Exception):
    """A query that is not run. `problems` is in order of place and never empty."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("; ".join(str(problem) for problem in self.problems))


def read(text: str) -> exp.Query:
    """The tree of a query. Raises QueryProblems with every problem of the first stage that finds any."""
    for stage in (_text_problems, _token_problems):
        _raise(text, stage(text))
    tree = _parsed(text)
    _raise(text, out_of_bounds(tree))
    _raise(text, refused(tree))
    return tree


def _raise(text: str, found: Iterator[_Found]) -> None:
    problems = tuple(Problem(*place(text, offset), message, hint) for offset, message, hint in found)
    if problems:
        raise QueryProblems(problems)


def _text_problems(text: str) -> Iterator[_Found]:
    if len(text) > TEXT_LENGTH:
        yield 0, f"the text has {len(text)} characters, at most {TEXT_LENGTH} are allowed", "ask for less at once"
        return
    yield from characters(text)
    # ClickHouse takes a backslash in a text for an escape, wherever it stands.
    for offset in (offset for offset, character in enumerate(text) if character == "\\"):
        yield offset, "a backslash is not allowed", "double a quote: 'it''s'"


def _token_problems(text: str) -> Iterator[_Found]:
    try:
        tokens = _tokens(text)
    except TokenError:
        yield unclosed(text), "this does not end", "close the quote or the comment"
        return
    if not tokens:
        yield 0, "there is no SELECT", "write SELECT ... FROM v_profile"
    elif len(tokens) > TOKENS:
        yield tokens[TOKENS].start, f"more than {TOKENS} words and signs", "ask for less at once"
    elif tokens[0].token_type not in _BEGINNINGS:
        yield tokens[0].start, f"a query is one SELECT, got {tokens[0].text[:30]!r}", "begin with SELECT or WITH"
    else:
        yield from _each(tokens)


def _each(tokens: list[Token]) -> Iterator[_Found]:
    depth = 0
    for token, after in zip(tokens, [*tokens[1:], None], strict=True):
        kind, text = token.token_type, token.text
        if kind is TokenType.NUMBER and after and after.start == token.end + 1 and after.text[:1].isalnum():
            # 0x41 is a number for one reader, and 0 under the name x41 for the other.
            yield token.start, f"{text + after.text[:30]!r} is not a plain number", "write digits, such as 0.25"
        if kind is TokenType.SEMICOLON:
            yield token.start, "a query is one statement", "remove everything after the first"
        elif kind is TokenType.STRING:
            if len(text) > LITERAL_LENGTH:
                yield (
                    token.start,
                    f"a text of {len(text)} characters, at most {LITERAL_LENGTH} are allowed",
                    "shorten it",
                )
            if "\n" in text or "\t" in text or "\r" in text:
                yield (
                    token.start,
                    "a text goes over the end of its line or has a tab",
                    "close the quote on the same line",
                )
        elif kind is TokenType.NUMBER and not (_NUMBER.fullmatch(text) and len(text) <= DIGITS):
            yield token.start, f"{text[:30]!r} is not a plain number", f"write at most {DIGITS} digits, such as 0.25"
        depth += (kind is TokenType.L_PAREN) - (kind is TokenType.R_PAREN)
        if depth == DEPTH:
            yield token.start, f"nested deeper than {DEPTH} brackets", "use WITH <name> AS (SELECT ...)"
            return


def _tokens(text: str) -> list[Token]:
    tokens = list(QuerySql().tokenize(text))
    while tokens and tokens[-1].token_type is TokenType.SEMICOLON:
        tokens.pop()
    return tokens


def _parsed(text: str) -> exp.Query:
    try:
        trees = QuerySql.Parser(error_level=ErrorLevel.RAISE, dialect=QuerySql()).parse(_tokens(text), text)
    except ParseError as error:
        problems = tuple(syntax(text, found, 1) for found in error.errors)
        raise QueryProblems(problems or (Problem(1, 1, "not a SELECT"),)) from error
    except RecursionError as error:
        raise QueryProblems((Problem(1, 1, f"the text is nested deeper than {DEPTH}"),)) from error
    except Exception as error:
        # The parser is a large program by others. Whatever it stumbles over, the text is at fault, not the caller.
        said = f"syntax error: not understood ({type(error).__name__})"
        raise QueryProblems((Problem(1, 1, said, "write plain SELECTs"),)) from error
    tree = trees[0] if len(trees) == 1 else None
    if isinstance(tree, exp.Subquery) and not tree.alias:
        tree = tree.unnest()
    if not isinstance(tree, exp.Query) or isinstance(tree, exp.Subquery):
        raise QueryProblems((Problem(1, 1, "a query is one SELECT", "write SELECT ... FROM v_profile"),))
    return tree
