//! The text of an error with its sources.

use std::error::Error;
use std::fmt::Write;

/// Returns the message of an error, with those of its sources: `message; cause: source: next source`.
pub fn full_message(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut separator = "; cause: ";
    let mut source = error.source();
    while let Some(error) = source {
        // Writing to a string cannot fail.
        let _ = write!(text, "{separator}{error}");
        separator = ": ";
        source = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use thiserror::Error;

    use super::full_message;

    #[derive(Debug, Error)]
    #[error("the disk is gone")]
    struct Innermost;

    #[derive(Debug, Error)]
    #[error("cannot read")]
    struct Inner(#[from] Innermost);

    #[derive(Debug, Error)]
    #[error("the registry failed; try again")]
    struct Outer(#[from] Inner);

    #[test]
    fn the_message_is_followed_by_the_causes() {
        assert_eq!(full_message(&Innermost), "the disk is gone");
        let error = Outer::from(Inner::from(Innermost));
        assert_eq!(
            full_message(&error),
            "the registry failed; try again; cause: cannot read: the disk is gone"
        );
    }
}
