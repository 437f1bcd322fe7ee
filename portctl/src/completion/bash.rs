//! Words of bash. It passes them as they were typed, and inserts completions as they are.

/// A word that may still be open.
#[derive(Debug)]
pub(super) struct BashWord {
    pub(super) value: String,
    /// The part of the value that bash keeps. It replaces only the text behind an open quote, or else behind the last
    /// character that breaks words.
    kept: usize,
    quote: Option<char>,
}

impl BashWord {
    /// Reads a word. `breaks` has the characters of `COMP_WORDBREAKS`. Expansions, such as those of variables, are not
    /// made.
    pub(super) fn read(word: &str, breaks: &str) -> BashWord {
        let mut read = BashWord {
            value: String::new(),
            kept: 0,
            quote: None,
        };
        let mut kept_at_quote = 0;
        let mut chars = word.chars();
        while let Some(c) = chars.next() {
            match (read.quote, c) {
                (Some(quote), c) if c == quote => read.quote = None,
                (Some('"'), '\\') => match chars.next() {
                    Some(c @ ('"' | '\\' | '$' | '`')) => read.value.push(c),
                    Some(c) => read.value.extend(['\\', c]),
                    // Half of an escape, up to which two completions are the same.
                    None => {}
                },
                (None, '\'' | '"') => {
                    read.quote = Some(c);
                    kept_at_quote = read.value.len();
                }
                (None, '\\') => read.value.extend(chars.next()),
                (quote, c) => {
                    read.value.push(c);
                    if quote.is_none() && breaks.contains(c) {
                        read.kept = read.value.len();
                    }
                }
            }
        }
        if read.quote.is_some() {
            read.kept = kept_at_quote;
        }
        read
    }

    /// Returns the text that completes this word to `whole`, quoted. Returns `None` if `whole` begins otherwise.
    pub(super) fn rest(&self, whole: &str) -> Option<String> {
        let rest = whole
            .strip_prefix(&self.value)
            .map(|_| &whole[self.kept..])?;
        let mut text: String = match self.quote {
            Some('\'') => rest.replace('\'', r"'\''"),
            Some(_) => rest.chars().map(in_double_quotes).collect(),
            None => rest.chars().map(without_quotes).collect(),
        };
        // Bash takes a quote at either end of the text for the opening or closing one, and leaves its own out.
        if let Some(quote) = self.quote {
            if text.starts_with(quote) {
                text.insert(0, quote);
            }
            if text.ends_with(quote) {
                text.push(quote);
            }
        }
        Some(text)
    }
}

fn in_double_quotes(c: char) -> String {
    match c {
        '"' | '\\' | '$' | '`' => format!("\\{c}"),
        // A backslash before it would stay in the word, and without one it expands to a line of the history.
        '!' => r#""\!""#.to_owned(),
        c => c.into(),
    }
}

fn without_quotes(c: char) -> String {
    let is_plain = !c.is_ascii() || c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if is_plain { c.into() } else { format!("\\{c}") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::BashWord;

    const BREAKS: &str = " \t\n\"'@><=;|&(:";

    proptest! {
        #[test]
        fn quoted_name_reads_as_the_name(name in "[^\\p{Cc}]+") {
            let quoted = BashWord::read("", BREAKS).rest(&name).unwrap();
            let read = BashWord::read(&quoted, BREAKS);
            prop_assert_eq!(read.value, name);
            prop_assert_eq!(read.quote, None);
        }
    }

    #[test]
    fn only_the_part_that_bash_replaces_is_returned() {
        for (typed, value, rest) in [
            ("", "", r#"my\ \$shop\'s\ \"a:b=c\"\!"#),
            ("my", "my", r#"my\ \$shop\'s\ \"a:b=c\"\!"#),
            (r"my\ ", "my ", r#"my\ \$shop\'s\ \"a:b=c\"\!"#),
            (r"my\", "my", r#"my\ \$shop\'s\ \"a:b=c\"\!"#),
            ("'my", "my", r#"my $shop'\''s "a:b=c"!"#),
            ("\"my \\", "my ", r#"my \$shop's \"a:b=c\""\!"""#),
            ("my' ", "my ", r#" $shop'\''s "a:b=c"!"#),
            ("\"my \\$", "my $", r#"my \$shop's \"a:b=c\""\!"""#),
            ("'my $shop'\\''s \"'a:b", "my $shop's \"a:b", r#"b=c\"\!"#),
        ] {
            let word = BashWord::read(typed, BREAKS);
            assert_eq!(word.value, value, "{typed}");
            assert_eq!(
                word.rest("my $shop's \"a:b=c\"!").as_deref(),
                Some(rest),
                "{typed}"
            );
            assert_eq!(
                word.rest("other"),
                typed.is_empty().then(|| "other".to_owned())
            );
        }
    }

    #[test]
    fn quote_at_the_end_of_a_name_is_not_that_of_the_word() {
        for (typed, whole, rest) in [
            ("'", "'", r"''\'''"),
            ("'", "its'", r"its'\'''"),
            ("\"", "say \"hi\"", r#"say \"hi\"""#),
            ("\"", "bang!", r#"bang"\!"""#),
        ] {
            let word = BashWord::read(typed, BREAKS);
            assert_eq!(word.rest(whole).as_deref(), Some(rest));
        }
    }

    #[test]
    fn flag_stays_before_its_value() {
        for (typed, rest) in [
            ("--app=", "my\\ shop"),
            ("--app=my\\ s", "my\\ shop"),
            ("--app='my", "my shop"),
        ] {
            let word = BashWord::read(typed, BREAKS);
            assert_eq!(word.rest("--app=my shop").as_deref(), Some(rest));
        }
        let word = BashWord::read("--app=m", " \t\n");
        assert_eq!(
            word.rest("--app=my shop").as_deref(),
            Some("--app=my\\ shop")
        );
    }
}
