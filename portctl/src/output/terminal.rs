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

/// The columns of the terminal that a stream is connected to. Returns `None` if it is not a terminal.
pub(crate) fn width(stream: Stream) -> Option<usize> {
    if !is_terminal(stream) {
        return None;
    }
    #[cfg(unix)]
    {
        use rustix::termios::tcgetwinsize;
        let size = match stream {
            Stream::Stdout => tcgetwinsize(io::stdout()),
            Stream::Stderr => tcgetwinsize(io::stderr()),
        };
        let columns = size.ok()?.ws_col;
        // A terminal that does not know its width reports 0.
        (columns > 0).then_some(usize::from(columns))
    }
    #[cfg(not(unix))]
    None
}

/// The columns of help texts on standard output. Longer lines would be hard to read.
pub(crate) fn help_width() -> usize {
    width(Stream::Stdout).map_or(80, |width| width.clamp(20, 100))
}

pub(crate) fn is_terminal(stream: Stream) -> bool {
    match stream {
        Stream::Stdout => io::stdout().is_terminal(),
        Stream::Stderr => io::stderr().is_terminal(),
    }
}

/// Colours a text, if the stream and the environment allow it.
pub(crate) fn styled(stream: Stream, style: Style, text: &str) -> Cow<'_, str> {
    if !environment::wants_colour(is_terminal(stream)) {
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
