//! Arguments that are not UTF-8, as text: argh takes only text, but a path may be any bytes.
//!
//! A NUL and two hexadecimal digits stand for each byte that is not UTF-8. No argument contains a NUL.

use std::ffi::{OsStr, OsString};
use std::fmt::Write;

/// Stands for the byte that the two digits after it name.
const MARK: char = '\0';

/// Returns an argument as text.
pub(crate) fn encode(argument: &OsStr) -> String {
    let mut text = String::new();
    for chunk in argument.as_encoded_bytes().utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            // Writing to a string cannot fail.
            let _ = write!(text, "{MARK}{byte:02x}");
        }
    }
    text
}

/// Returns true for the text of an argument that is not UTF-8.
pub(crate) fn is_encoded(text: &str) -> bool {
    text.contains(MARK)
}

/// Returns the argument that was encoded. Returns `None` if this system has no such argument.
pub(crate) fn decode(text: &str) -> Option<OsString> {
    if !is_encoded(text) {
        return Some(OsString::from(text));
    }
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStringExt;

        let mut parts = text.split(MARK);
        let mut bytes = parts.next()?.as_bytes().to_vec();
        for part in parts {
            let (digits, rest) = part.split_at_checked(2)?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            bytes.extend(rest.as_bytes());
        }
        Some(OsString::from_vec(bytes))
    }
    #[cfg(not(unix))]
    None
}

#[cfg(all(test, unix))]
mod tests {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;

    use super::{decode, encode, is_encoded};

    #[test]
    fn any_argument_is_decoded_to_the_same_bytes() {
        for bytes in [
            &b""[..],
            b"/tmp/ports.redb",
            "/tmp/\u{e9}\u{fffd}".as_bytes(),
            b"\xff",
            b"/a\xff\xfe/0\xe9a\xc3",
            b"--db=/\xff00.redb",
        ] {
            let argument = OsString::from_vec(bytes.to_vec());
            let text = encode(&argument);
            assert_eq!(is_encoded(&text), argument.to_str().is_none(), "{text:?}");
            assert_eq!(decode(&text), Some(argument), "{text:?}");
        }
    }
}
