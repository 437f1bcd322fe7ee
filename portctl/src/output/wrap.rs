//! Wrapping of text between words.

use std::iter;

use textwrap::core::{Word, display_width};
use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm};

/// Columns of text beside an indentation. If there are fewer, the text is indented less.
const LEAST_TEXT: usize = 20;
/// The indentation on a terminal that is too narrow for any other.
const NARROW_INDENT: usize = 2;

/// Wraps each line of a text to at most `width` columns. A line continues at its own indentation.
pub(crate) fn wrapped(text: &str, width: Option<usize>) -> String {
    let lines = text.split('\n').map(|line| {
        let words = line.trim_start_matches(' ');
        let indent = &line[..line.len() - words.len()];
        labelled(indent, words, width)
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Wraps a text behind a label, which may be coloured. The other lines are indented by the width of the label.
pub(crate) fn labelled(label: &str, text: &str, width: Option<usize>) -> String {
    let indent = " ".repeat(indentation(display_width(label), width));
    let options = Options::new(width.unwrap_or(usize::MAX))
        .initial_indent(label)
        .subsequent_indent(&indent)
        .word_separator(WordSeparator::Custom(words))
        .word_splitter(WordSplitter::NoHyphenation)
        .wrap_algorithm(WrapAlgorithm::FirstFit)
        .break_words(false);
    textwrap::fill(text, options)
}

/// Returns `wanted`, or less on a terminal where that would leave too little room for text.
pub(crate) fn indentation(wanted: usize, width: Option<usize>) -> usize {
    if width.is_none_or(|width| wanted + LEAST_TEXT <= width) {
        wanted
    } else {
        wanted.min(NARROW_INDENT)
    }
}

/// Splits a line into words. A text between backticks is one word, because people copy commands.
fn words(line: &str) -> Box<dyn Iterator<Item = Word<'_>> + '_> {
    let mut rest = line;
    Box::new(iter::from_fn(move || {
        let (word, others) = rest.split_at(end_of_word(rest));
        rest = others;
        (!word.is_empty()).then(|| Word::from(word))
    }))
}

/// Returns the length of the first word and the spaces behind it.
fn end_of_word(text: &str) -> usize {
    let mut end_of_quote = 0;
    let mut is_behind_word = false;
    for (at, c) in text.char_indices() {
        if at < end_of_quote {
            continue;
        }
        match c {
            ' ' => is_behind_word = true,
            _ if is_behind_word => return at,
            '`' => {
                let quoted = &text[at + 1..];
                end_of_quote = quoted.find('`').map_or(0, |length| at + length + 2);
            }
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use textwrap::core::display_width;

    use super::{labelled, words, wrapped};

    const HINT: &str = "leave --port out, or run `portctl release --id 7` if nothing needs it";

    #[test]
    fn command_between_backticks_is_not_broken() {
        assert_eq!(
            wrapped(HINT, Some(30)),
            "leave --port out, or run\n`portctl release --id 7` if\nnothing needs it"
        );
        // Neither is one that is wider than the terminal.
        assert_eq!(
            wrapped("run `portctl list`; or not", Some(10)),
            "run\n`portctl list`;\nor not"
        );
        assert_eq!(wrapped("it`s a quote", Some(6)), "it`s a\nquote");
    }

    #[test]
    fn text_without_a_width_keeps_its_lines() {
        assert_eq!(wrapped(HINT, None), HINT);
        assert_eq!(labelled("hint: ", "one\ntwo", None), "hint: one\n      two");
    }

    #[test]
    fn lines_continue_at_their_indentation() {
        assert_eq!(
            wrapped("one\n  two three\n\nfour", Some(7)),
            "one\n  two\n  three\n\nfour"
        );
        let label = "\u{1b}[1;36mhint:\u{1b}[0m ";
        assert_eq!(
            labelled(label, "one two three four five six", Some(26)),
            format!("{label}one two three four\n      five six")
        );
        // On a narrow terminal, the text would be a column of words.
        assert_eq!(
            labelled(label, "one two three four", Some(16)),
            format!("{label}one two\n  three four")
        );
    }

    #[test]
    fn letters_of_two_columns_count_twice() {
        assert_eq!(wrapped("日本 日本 é é", Some(9)), "日本 日本\né é");
    }

    proptest! {
        #[test]
        fn lines_fit_and_have_all_words(text in "[a` 日é-]{0,60}", width in 1_usize..30) {
            let text = text.trim();
            let wrapped = wrapped(text, Some(width));
            let lines = wrapped.lines();
            for line in lines.clone() {
                prop_assert!(display_width(line) <= width || words(line).count() == 1, "{wrapped}");
            }
            let all = |text| words(text).map(|it| it.word.to_owned()).collect::<Vec<_>>();
            prop_assert_eq!(lines.flat_map(all).collect::<Vec<_>>(), all(text));
        }
    }
}
