//! References to variables in the statements of an env file.

/// Returns true if a statement may refer to one of these variables.
///
/// Readers differ in where they replace variables; Vite does so even in single quotes. So it suffices that a `$` or a
/// backtick comes before the name: a block that is earlier than it had to be does no harm.
pub(super) fn refers_to(statement: &[u8], names: &[&str]) -> bool {
    let Some(start) = statement.iter().position(|it| b"$`".contains(it)) else {
        return false;
    };
    let is_word = |it: &u8| it.is_ascii_alphanumeric() || *it == b'_';
    let words = statement[start..].split(|it| !is_word(it));
    words
        .into_iter()
        .any(|word| names.iter().any(|name| name.as_bytes() == word))
}

#[cfg(test)]
mod tests {
    use super::refers_to;

    #[test]
    fn references_are_found_in_all_their_forms() {
        for text in [
            "$DB_PORT",
            "postgres://localhost:${DB_PORT}/shop",
            "\"$DB_PORT\"",
            "'$DB_PORT'",
            "${DB_PORT:-5432}",
            "${URL:-x$DB_PORT}",
            "$((DB_PORT + 1))",
            "`printenv DB_PORT`",
            "\\$DB_PORT",
        ] {
            assert!(refers_to(text.as_bytes(), &["A", "DB_PORT"]), "{text}");
        }
        for text in ["$DB_PORT2", "$A_DB_PORT", "DB_PORT", "5432", "", "DB_PORT$"] {
            assert!(!refers_to(text.as_bytes(), &["A", "DB_PORT"]), "{text}");
        }
    }
}
