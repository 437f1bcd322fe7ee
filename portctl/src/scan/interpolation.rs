//! Interpolates variables with Compose's syntax (the Compose Specification, "Interpolation").

use super::variables::Variables;

/// Limit for the nesting of defaults in defaults.
const MAX_DEPTH: usize = 32;
/// Limit for the result in bytes. Variables that repeat one another would grow exponentially.
const MAX_BYTES: usize = 64 << 10;

/// An interpolated text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Interpolated {
    pub(super) text: String,
    /// The variables that the text refers to.
    pub(super) used: Vec<String>,
    /// The variables that are unset or empty and have no default.
    pub(super) missing: Vec<String>,
}

/// A variable reference is malformed, nested too deeply, or expands to too much text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct InvalidTemplate;

/// Replaces `$VAR`, `${VAR}`, `${VAR:-default}`, `${VAR-default}`, `${VAR:?error}`, `${VAR?error}`,
/// `${VAR:+other}` and `${VAR+other}`, which may be nested, and `$$` by `$`.
pub(super) fn interpolate(
    text: &str,
    variables: &Variables,
) -> Result<Interpolated, InvalidTemplate> {
    let mut interpolated = Interpolated::default();
    interpolated.add(text, variables, MAX_DEPTH)?;
    Ok(interpolated)
}

impl Interpolated {
    fn add(
        &mut self,
        text: &str,
        variables: &Variables,
        depth: usize,
    ) -> Result<(), InvalidTemplate> {
        let depth = depth.checked_sub(1).ok_or(InvalidTemplate)?;
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once('$') {
            if self.text.len() > MAX_BYTES {
                return Err(InvalidTemplate);
            }
            self.text.push_str(before);
            rest = if let Some(behind) = behind.strip_prefix('$') {
                self.text.push('$');
                behind
            } else if let Some(behind) = behind.strip_prefix('{') {
                let end = end_of_braces(behind).ok_or(InvalidTemplate)?;
                self.add_braced(&behind[..end], variables, depth)?;
                &behind[end + 1..]
            } else {
                let (name, behind) = behind.split_at(name_len(behind));
                if name.is_empty() {
                    return Err(InvalidTemplate);
                }
                self.add_value(name, variables);
                behind
            };
        }
        self.text.push_str(rest);
        Ok(())
    }

    /// Interpolates the inside of `${...}`.
    fn add_braced(
        &mut self,
        braced: &str,
        variables: &Variables,
        depth: usize,
    ) -> Result<(), InvalidTemplate> {
        let (name, operation) = braced.split_at(name_len(braced));
        if name.is_empty() {
            return Err(InvalidTemplate);
        }
        let value = variables.get(name);
        let (is_set, operation) = match operation.strip_prefix(':') {
            Some(operation) => (value.is_some_and(|it| !it.is_empty()), operation),
            None => (value.is_some(), operation),
        };
        let mut operation = operation.chars();
        match operation.next() {
            None if braced.ends_with(':') => return Err(InvalidTemplate),
            None => self.add_value(name, variables),
            Some('-') => {
                self.used.push(name.to_owned());
                match value.filter(|_| is_set) {
                    Some(value) => self.text.push_str(value),
                    None => self.add(operation.as_str(), variables, depth)?,
                }
            }
            Some('?') if is_set => self.add_value(name, variables),
            Some('?') => {
                self.used.push(name.to_owned());
                self.missing.push(name.to_owned());
            }
            Some('+') => {
                self.used.push(name.to_owned());
                if is_set {
                    self.add(operation.as_str(), variables, depth)?;
                } else {
                    self.missing.push(name.to_owned());
                }
            }
            Some(_) => return Err(InvalidTemplate),
        }
        Ok(())
    }

    fn add_value(&mut self, name: &str, variables: &Variables) {
        self.used.push(name.to_owned());
        match variables.get(name).filter(|value| !value.is_empty()) {
            Some(value) => self.text.push_str(value),
            None => self.missing.push(name.to_owned()),
        }
    }
}

/// Returns the length of the variable name at the start of the text: letters, digits and `_`, no digit first.
fn name_len(text: &str) -> usize {
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return 0;
    }
    let is_name_char = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.find(|c| !is_name_char(c)).unwrap_or(text.len())
}

/// Finds the brace that closes the one before the text, past nested references.
fn end_of_braces(text: &str) -> Option<usize> {
    let mut open = 1_usize;
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        match c {
            '{' if before == '$' => open += 1,
            '}' => open -= 1,
            _ => {}
        }
        if open == 0 {
            return Some(at);
        }
        before = c;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{InvalidTemplate, Variables, interpolate};

    fn variables() -> Variables {
        let set = [("A", "1"), ("B", "2"), ("EMPTY", "")];
        let set = set.map(|(name, value)| (name.to_owned(), value.to_owned()));
        set.into_iter().collect()
    }

    #[test]
    fn every_form_of_reference_is_interpolated() {
        for (text, replaced) in [
            ("8080:80", "8080:80"),
            ("$A:${B}", "1:2"),
            ("${A:-9}${X:-9}${EMPTY:-9}", "199"),
            ("${A-9}${X-9}${EMPTY-9}", "19"),
            ("${A:?e}${A?e}", "11"),
            ("${A:+9}${X:+9}${EMPTY:+9}${EMPTY+9}", "99"),
            ("${X:-${Y:-${A}}}0", "10"),
            ("${X:-}}", "}"),
            ("$$A$${A}", "$A${A}"),
            ("\u{e9}${A}\u{e9}", "\u{e9}1\u{e9}"),
        ] {
            let interpolated = interpolate(text, &variables()).unwrap();
            assert_eq!(interpolated.text, replaced, "{text}");
        }
    }

    #[test]
    fn used_and_missing_variables_are_listed() {
        let interpolated = interpolate("${X}$Y${Z:?no}${EMPTY}${P:-${Q:-1}}$A", &variables());
        let interpolated = interpolated.unwrap();
        assert_eq!(interpolated.text, "11");
        assert_eq!(interpolated.used, ["X", "Y", "Z", "EMPTY", "P", "Q", "A"]);
        assert_eq!(interpolated.missing, ["X", "Y", "Z", "EMPTY"]);
    }

    #[test]
    fn malformed_references_are_rejected() {
        let deep = "${A:-".repeat(40) + &"}".repeat(40);
        let deep = deep.replace('A', "X");
        for text in [
            "$",
            "${",
            "${A",
            "${}",
            "$1",
            "${1}",
            "${A:}",
            "${A!}",
            "${A:-${B}",
            &deep,
        ] {
            assert_eq!(
                interpolate(text, &variables()),
                Err(InvalidTemplate),
                "{text}"
            );
        }
    }
}
