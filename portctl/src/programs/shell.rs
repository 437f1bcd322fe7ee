//! Lines of a shell.

/// Splits a line at `&&`, `||`, `;`, `|`, `&` and line breaks outside quotes.
pub(crate) fn simple_commands(line: &str) -> Vec<&str> {
    let mut commands = Vec::new();
    let mut start = 0;
    let mut quote = None;
    let mut before = ' ';
    for (at, c) in line.char_indices() {
        let is_escaped = before == '\\' && quote != Some('\'');
        match (quote, c) {
            _ if is_escaped => {}
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            // The `&` of `2>&1` does not end the command.
            (None, '&') if before == '>' => {}
            (None, '&' | '|' | ';' | '\n') => {
                commands.push(&line[start..at]);
                start = at + c.len_utf8();
            }
            _ => {}
        }
        before = if is_escaped { ' ' } else { c };
    }
    commands.push(&line[start..]);
    commands
}
