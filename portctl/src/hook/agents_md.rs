//! The lines for agents in `AGENTS.md`.

use crate::marked_text::{MarkError, Marks, spliced};

const MARKS: Marks = Marks {
    begin: "<!-- >>> port-registry >>> -->",
    end: "<!-- <<< port-registry <<< -->",
};

const LINES: [&str; 2] = [
    "Ports belong to this checkout: run `portctl sync` first, start each server with `portctl run SERVICE -- COMMAND`, and run tests and scripts that reach services under `portctl run -- COMMAND` too.",
    "Never hard-code a port: `portctl list` shows what runs, and `portctl url SERVICE` prints the URL.",
];

/// Adds the lines to a text, or brings them up to date.
pub(crate) fn with_lines(text: &[u8]) -> Result<Vec<u8>, MarkError> {
    let line_end = if text.windows(2).any(|it| it == b"\r\n") {
        "\r\n"
    } else {
        "\n"
    };
    let lines = [MARKS.begin, LINES[0], LINES[1], MARKS.end];
    let block: String = lines.iter().flat_map(|it| [it, line_end]).collect();
    if let Some(found) = MARKS.find(text)? {
        return Ok(spliced(text, found, block.as_bytes()));
    }
    let separator = match text {
        [] => String::new(),
        [.., b'\n'] => line_end.to_owned(),
        _ => line_end.repeat(2),
    };
    Ok([text, separator.as_bytes(), block.as_bytes()].concat())
}

/// Removes the lines, and the empty line before them. Returns `None` if there are none.
pub(crate) fn without_lines(text: &[u8]) -> Result<Option<Vec<u8>>, MarkError> {
    let Some(mut found) = MARKS.find(text)? else {
        return Ok(None);
    };
    let before = &text[..found.start];
    if before.ends_with(b"\n\r\n") {
        found.start -= 2;
    } else if before.ends_with(b"\n\n") {
        found.start -= 1;
    }
    Ok(Some(spliced(text, found, b"")))
}

#[cfg(test)]
mod tests {
    use super::{with_lines, without_lines};

    #[test]
    fn lines_are_added_once_and_leave_no_trace() {
        for text in ["", "# Agents\n", "# Agents\r\n\r\nx\r\n", "a\n\n"] {
            let with = with_lines(text.as_bytes()).unwrap();
            assert_eq!(with_lines(&with).unwrap(), with);
            assert_eq!(without_lines(&with).unwrap().unwrap(), text.as_bytes());
            let bare = with
                .split(|&it| it == b'\n')
                .filter(|it| !it.is_empty() && !it.ends_with(b"\r"));
            assert_eq!(text.contains('\r'), bare.count() == 0, "{text:?}");
        }
    }
}
