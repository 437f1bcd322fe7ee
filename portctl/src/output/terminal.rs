//! Colours, and the width of the terminal.

use std::borrow::Cow;
use std::io::{self, IsTerminal};

use crate::environment;

/// An output stream.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stream {
    Stdout,
    Stderr,
}

/// The look of a text.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Style {
    Heading,
    Error,
    Warning,
    Hint,
}

/// The columns of standard output. Returns `None` if it is not a terminal.
pub(crate) fn width() -> Option<usize> {
    #[cfg(unix)]
    {
        let stdout = io::stdout();
        if !stdout.is_terminal() {
            return None;
        }
        let columns = rustix::termios::tcgetwinsize(stdout).ok()?.ws_col;
        // A terminal that does not know its width reports 0.
        (columns > 0).then_some(usize::from(columns))
    }
    #[cfg(not(unix))]
    None
}

/// Colours a text, if the stream and the environment allow it.
pub(crate) fn styled(stream: Stream, style: Style, text: &str) -> Cow<'_, str> {
    let is_terminal = match stream {
        Stream::Stdout => io::stdout().is_terminal(),
        Stream::Stderr => io::stderr().is_terminal(),
    };
    if !environment::wants_colour(is_terminal) {
        return Cow::from(text);
    }
    // Select Graphic Rendition (ECMA-48, section 8.3.117): bold, red, yellow, cyan.
    let parameters = match style {
        Style::Heading => "1",
        Style::Error => "1;31",
        Style::Warning => "1;33",
        Style::Hint => "1;36",
    };
    Cow::from(format!("\u{1b}[{parameters}m{text}\u{1b}[0m"))
}
