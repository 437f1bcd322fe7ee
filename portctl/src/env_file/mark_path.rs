//! The path of a checkout as text in one line of a file.

use std::fmt::Write as _;
use std::path::Path;

use port_registry::daemon::is_invisible;

/// Escapes a path. Line breaks and other invisible characters, backslashes, bytes that are not UTF-8, and a blank at the
/// end, which editors remove, become escapes.
pub(super) fn escaped(path: &Path) -> String {
    let mut text = String::new();
    for chunk in path.as_os_str().as_encoded_bytes().utf8_chunks() {
        for c in chunk.valid().chars() {
            if c == '\\' || is_invisible(c) {
                let _ = write!(text, "\\u{{{:x}}}", u32::from(c));
            } else {
                text.push(c);
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    if text.ends_with(' ') {
        text.pop();
        text.push_str("\\u{20}");
    }
    text
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::escaped;

    #[test]
    fn hostile_paths_stay_in_their_line() {
        for (path, expected) in [
            ("/home/me/my shop", "/home/me/my shop"),
            ("/a\nB=1", "/a\\u{a}B=1"),
            ("/a\r\u{2028}", "/a\\u{d}\\u{2028}"),
            ("/a >>> b ", "/a >>> b\\u{20}"),
            ("/a\\n", "/a\\u{5c}n"),
        ] {
            assert_eq!(escaped(Path::new(path)), expected);
        }
    }

    #[cfg(unix)]
    #[test]
    fn bytes_that_are_no_text_are_escaped() {
        use std::os::unix::ffi::OsStrExt;
        let path = Path::new(std::ffi::OsStr::from_bytes(b"/a\xff"));
        assert_eq!(escaped(path), "/a\\xff");
    }

    proptest! {
        #[test]
        fn different_paths_have_different_texts(one in ".{0,3}", other in ".{0,3}") {
            let texts = [&one, &other].map(|it| escaped(Path::new(it)));
            prop_assert_eq!(texts[0] == texts[1], one == other);
            prop_assert!(!texts[0].contains(['\n', '\r']));
        }
    }
}
