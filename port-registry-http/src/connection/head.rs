//! Finds the ends of request heads, so that the dispatcher is given one request at a time.

/// Searches bytes that arrive in parts for the empty line that ends a head.
#[derive(Debug, Default)]
pub(super) struct HeadScanner {
    /// A line of the head has begun. Empty lines before it belong to no head (RFC 9112, section 2.2).
    has_begun: bool,
    is_in_line: bool,
}

impl HeadScanner {
    /// Returns the number of bytes up to and including the end of a head. Returns `None` if it is not among them, and
    /// continues behind them the next time.
    pub(super) fn find_end(&mut self, bytes: &[u8]) -> Option<usize> {
        for (at, byte) in bytes.iter().enumerate() {
            match byte {
                // As the decoder does, take a line feed alone for a line end.
                b'\n' if self.has_begun && !self.is_in_line => {
                    *self = HeadScanner::default();
                    return Some(at + 1);
                }
                b'\n' => self.is_in_line = false,
                b'\r' => {}
                _ => (self.has_begun, self.is_in_line) = (true, true),
            }
        }
        None
    }

    /// Tests if a head has begun and not ended.
    pub(super) fn is_in_head(&self) -> bool {
        self.has_begun
    }
}

#[cfg(test)]
mod tests {
    use super::HeadScanner;

    #[test]
    fn a_head_ends_at_the_first_empty_line_behind_another() {
        for (bytes, expected) in [
            (&b"GET / HTTP/1.1\r\n\r\n"[..], Some(18)),
            (b"GET / HTTP/1.1\r\nA: b\r\n\r\nGET", Some(24)),
            (b"GET / HTTP/1.1\nA: b\n\n{}", Some(21)),
            (b"\r\n\n\r\nGET / HTTP/1.1\r\n\r\n", Some(23)),
            (b"GET / HTTP/1.1\r\nA: b\r\n\r", None),
            (b"\r\n\r\n\r\n", None),
            (b"", None),
        ] {
            let name = bytes.escape_ascii();
            assert_eq!(HeadScanner::default().find_end(bytes), expected, "{name}");
            // It is found at the same place if the bytes arrive one by one.
            let mut scanner = HeadScanner::default();
            let mut ends = bytes.iter().map(|byte| scanner.find_end(&[*byte]));
            let end = ends.position(|end| end == Some(1));
            assert_eq!(end.map(|at| at + 1), expected, "{name}");
        }
    }

    #[test]
    fn empty_lines_begin_no_head() {
        let mut scanner = HeadScanner::default();
        assert_eq!(scanner.find_end(b"\r\n\r\n"), None);
        assert!(!scanner.is_in_head());
        assert_eq!(scanner.find_end(b"\r\nG"), None);
        assert!(scanner.is_in_head());
        assert_eq!(scanner.find_end(b"ET / HTTP/1.1\r\n\r\nG"), Some(17));
        assert!(!scanner.is_in_head(), "the next head is not looked at yet");
    }
}
