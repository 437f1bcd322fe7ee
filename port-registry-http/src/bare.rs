//! Answers that actix-http gives without asking anybody.
//!
//! To what is no HTTP request, is too large a head or comes too late, the dispatcher answers by a
//! head without a body. It has no hook for it, so such an answer is completed on its way out, to be
//! JSON like every other one.

use std::str;

use crate::problem::Problem;
use crate::routes::IDENTITY;

/// The answer with a body, if these bytes are a bare one. Those of handlers carry the identity
/// header, and bodies hold no line ends but their last.
pub(crate) fn completed(bytes: &[u8]) -> Option<Vec<u8>> {
    if !bytes.starts_with(b"HTTP/1.1 ") || !bytes.ends_with(b"\r\n\r\n") {
        return None;
    }
    let head = str::from_utf8(bytes).ok()?;
    let mut lines = head.split("\r\n").filter(|line| !line.is_empty());
    let status_line = lines.next()?;
    let code: u16 = status_line.split(' ').nth(1)?.parse().ok()?;
    let fields: Vec<&str> = lines.collect();
    let is_bare = fields.contains(&"content-length: 0")
        && !fields.iter().any(|field| field.starts_with(IDENTITY));
    if !is_bare {
        return None;
    }
    let body = Problem::bare(code)?.to_json();
    let mut answer = format!("{status_line}\r\n").into_bytes();
    for field in fields {
        if field != "content-length: 0" {
            answer.extend_from_slice(field.as_bytes());
            answer.extend_from_slice(b"\r\n");
        }
    }
    let (name, value) = (IDENTITY, crate::routes::identity());
    let length = body.len();
    answer.extend_from_slice(
        format!(
            "content-type: application/json\r\n{name}: {value}\r\ncontent-length: {length}\r\n\r\n"
        )
        .as_bytes(),
    );
    answer.extend_from_slice(&body);
    Some(answer)
}

#[cfg(test)]
mod tests {
    use super::completed;

    #[test]
    fn only_an_answer_without_body_and_identity_is_completed() {
        let bare = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        let answer = String::from_utf8(completed(bare).unwrap()).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert_eq!(body, "{\"error\":\"malformed HTTP request\"}\n");
        assert!(
            head.starts_with("HTTP/1.1 400 Bad Request\r\nconnection: close\r\n"),
            "{head}"
        );
        assert!(
            head.ends_with(&format!("content-length: {}", body.len())),
            "{head}"
        );
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
        }
    }
}
