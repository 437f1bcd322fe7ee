//! The present activity of a connection, as its byte stream and the slots see it.

/// The part of a client's input that is read next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum InputMode {
    /// The head of a request.
    Head,
    /// At most this many bytes of the body of the current request. Without a number, all bytes.
    Body(Option<usize>),
    /// Nothing until the current request is answered.
    Paused,
    /// Nothing more, because the client was dismissed.
    Closed,
}

/// The present activity of a client, in the order in which clients are dismissed to make room for others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Activity {
    /// Nothing: it may send a request.
    Idle,
    /// It sends a request or reads a response.
    Transfer,
    /// It waits for a response, which it still gets.
    Wait,
}
