"""Splits Rust source into comments, literals and code, for the checks beside this file."""

import re
import subprocess

TOKENS = re.compile(
    r"""
      (?P<comment> //[^\n]* | /\*.*?\*/ )
    | (?P<literal> \b(?:b|c)?r(?P<hashes>\#*)".*?"(?P=hashes)
                 | \b[bc]?"(?:\\.|[^"\\])*"
                 | "(?:\\.|[^"\\])*"
                 | '(?:\\[^\n']*'|\\''|[^'\\\n]') )
    """,
    re.DOTALL | re.VERBOSE,
)


def tracked_files():
    """Lists the Rust files of the repository, those that are not committed yet included."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.rs"]
    names = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\0")
    return sorted(name for name in names if name)


def comment_blocks(text):
    """Yields (line, words) for the first line that has words in each block of comments.

    A block is a run of comments of one kind (`//`, `///` or `//!`) with nothing but one line break between them.
    """
    end, kind, has_words = 0, None, False
    for match in TOKENS.finditer(text):
        if match["comment"] is None:
            continue
        marker, words = re.match(r"(//[/!]?|/\*[*!]?)[\s*]*(.*)", match["comment"]).groups()
        between = text[end : match.start()]
        if not (marker == kind and between.isspace() and between.count("\n") == 1):
            has_words = False
        if words and not has_words:
            yield text.count("\n", 0, match.start()) + 1, words
            has_words = True
        end, kind = match.end(), marker


def code(text):
    """Returns the source without comments and literals; line breaks stay, so that line numbers do too."""
    return TOKENS.sub(lambda match: " " + "\n" * match[0].count("\n"), text)
