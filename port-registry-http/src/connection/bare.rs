//! Responses that actix-http gives without calling a handler.
//!
//! The dispatcher answers a malformed, late or too large head with a head without a body. It has no
//! hook for that, so such a response is completed on its way out, to be JSON like every other.

use std::str;

use port_registry::daemon::api::header;

use crate::api_error::ApiError;
use crate::identity::identity_header;

/// Completes the last of some responses with a body. Returns `None` if it is not a bare one: responses
/// of handlers carry the identity header, and bodies contain no line end but their last.
pub(crate) fn completed(answers: &[u8]) -> Option<Vec<u8>> {
    if !answers.ends_with(b"\r\n\r\n") {
        return None;
    }
    let start = last_head(answers)?;
    let head = str::from_utf8(&answers[start..]).ok()?;
    let mut lines = head.split("\r\n").filter(|line| !line.is_empty());
    let status_line = lines.next()?;
    let code: u16 = status_line.split(' ').nth(1)?.parse().ok()?;
    let mut fields: Vec<&str> = lines.collect();
    let is_bare =
        fields.contains(&NO_BODY) && !fields.iter().any(|it| it.starts_with(header::IDENTITY));
    if !is_bare {
        return None;
    }
    let body = ApiError::bare(code)?.to_json();
    let length = format!("content-length: {}", body.len());
    let identity = format!("{}: {}", header::IDENTITY, identity_header());
    // The connection ends in any case; not every bare answer says so.
    fields.retain(|&field| field != NO_BODY && !field.starts_with("connection:"));
    fields.insert(0, status_line);
    fields.extend(["connection: close", "content-type: application/json"]);
    fields.extend([&*length, &*identity, "\r\n"]);
    let head = fields.join("\r\n");
    Some([&answers[..start], head.as_bytes(), &body].concat())
}

/// The field of a head without a body.
const NO_BODY: &str = "content-length: 0";

/// Returns the start of the last head, which is behind a line end or at the very start.
fn last_head(answers: &[u8]) -> Option<usize> {
    const VERSION: &[u8] = b"HTTP/1.1 ";
    let starts = answers.windows(VERSION.len()).enumerate().rev();
    let mut starts = starts.filter(|(_, window)| *window == VERSION);
    let (start, _) = starts.find(|&(at, _)| at == 0 || answers[at - 1] == b'\n')?;
    Some(start)
}

#[cfg(test)]
mod tests {
    use super::completed;

    #[test]
    fn only_an_answer_without_body_and_identity_is_completed() {
        let bare = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\ndate: x\r\n\r\n";
        let answer = String::from_utf8(completed(bare).unwrap()).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let expected = r#"{"error":"malformed HTTP request","code":"invalid_request"}"#;
        assert_eq!(body.trim_end(), expected);
        let mut fields: Vec<_> = head.split("\r\n").collect();
        assert!(fields.pop().unwrap().starts_with("x-port-registry: "));
        let expected = [
            "HTTP/1.1 400 Bad Request",
            "date: x",
            "connection: close",
            "content-type: application/json",
            &format!("content-length: {}", body.len()),
        ];
        assert_eq!(fields, expected);
        for other in [
            &b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"[..],
            b"HTTP/1.1 100 Continue\r\n\r\n",
            b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nx-port-registry: 1; pid=1\r\n\r\n",
            b"HTTP/1.1 400 Bad Request\r\ncontent-length: 9\r\n\r\n",
            b"HTTP/1.1 x\r\n\r\n",
            b"[{\"app\":\"HTTP/1.1 400\"}]\n",
            b"",
        ] {
            assert_eq!(completed(other), None, "{}", other.escape_ascii());
            // Behind another answer it is found all the same, and a whole one is left alone.
            let two = [other, bare].concat();
            if other.is_empty() || other.ends_with(b"\n") {
                assert_eq!(completed(&two), Some([other, answer.as_bytes()].concat()));
            }
            let whole = [answer.as_bytes(), other].concat();
            assert_eq!(completed(&whole), None, "{}", whole.escape_ascii());
        }
    }
}
