//! Completes the responses that actix-http sends without calling a handler.
//!
//! The dispatcher rejects a malformed, late or too large head with a response that has no body. It has
//! no hook for that, so such a response gets a JSON body and the usual header fields on its way out.
//! [`request_timeout`] makes one for a head that the dispatcher never gets whole.

use std::str;

use port_registry::daemon::api::header;

use crate::api_error::ApiError;
use crate::clock;
use crate::identity::identity_header;

/// The header field of a response without a body.
const NO_BODY: &str = "content-length: 0";

/// Adds a body to the last of some responses. Returns `None` if it is not a bare one. A bare response
/// lacks the identity header, which responses of handlers carry; bodies have no line end but their last.
pub(super) fn complete(responses: &[u8]) -> Option<Vec<u8>> {
    if !responses.ends_with(b"\r\n\r\n") {
        return None;
    }
    let start = last_head(responses)?;
    let head = str::from_utf8(&responses[start..]).ok()?;
    let mut lines = head.split("\r\n").filter(|line| !line.is_empty());
    let status_line = lines.next()?;
    let status: u16 = status_line.split(' ').nth(1)?.parse().ok()?;
    let mut fields: Vec<&str> = lines.collect();
    let has_identity = fields
        .iter()
        .any(|field| field.starts_with(header::IDENTITY));
    if has_identity || !fields.contains(&NO_BODY) {
        return None;
    }
    let error = ApiError::for_bare_status(status)?;
    // The dispatcher closes the connection in any case, but not every bare response says so. Its date may be wrong.
    let is_replaced = |field: &str| {
        ["connection:", "date:"]
            .iter()
            .any(|it| field.starts_with(it))
    };
    fields.retain(|&field| field != NO_BODY && !is_replaced(field));
    Some([&responses[..start], &write(status_line, &fields, &error)].concat())
}

/// Makes the last response of a connection whose client did not send a head in time.
pub(super) fn request_timeout() -> Vec<u8> {
    write(
        "HTTP/1.1 408 Request Timeout",
        &[],
        &ApiError::slow_request(),
    )
}

fn write(status_line: &str, fields: &[&str], error: &ApiError) -> Vec<u8> {
    let body = error.to_json();
    let length = format!("content-length: {}", body.len());
    let identity = format!("{}: {}", header::IDENTITY, identity_header());
    let date = format!("date: {}", clock::date_text());
    let mut lines = vec![status_line, &date];
    lines.extend(fields);
    lines.extend(["connection: close", "content-type: application/json"]);
    lines.extend([&*length, &*identity, "\r\n"]);
    [lines.join("\r\n").as_bytes(), &body].concat()
}

/// Returns the start of the last head: at the very start, or after a line end.
fn last_head(responses: &[u8]) -> Option<usize> {
    const VERSION: &[u8] = b"HTTP/1.1 ";
    let starts = responses.windows(VERSION.len()).enumerate().rev();
    let mut starts = starts.filter(|(_, window)| *window == VERSION);
    let (start, _) = starts.find(|&(at, _)| at == 0 || responses[at - 1] == b'\n')?;
    Some(start)
}

#[cfg(test)]
mod tests {
    use super::complete;

    #[test]
    fn only_a_response_without_body_and_identity_is_completed() {
        let bare = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\ndate: x\r\nallow: y\r\n\r\n";
        let response = String::from_utf8(complete(bare).unwrap()).unwrap();
        let (head, body) = response.split_once("\r\n\r\n").unwrap();
        let expected = r#"{"error":"malformed HTTP request","code":"invalid_request"}"#;
        assert_eq!(body.trim_end(), expected);
        let mut fields: Vec<_> = head.split("\r\n").collect();
        assert!(fields.pop().unwrap().starts_with("x-port-registry: "));
        assert!(fields.remove(1).ends_with(" GMT"));
        let expected = [
            "HTTP/1.1 400 Bad Request",
            "allow: y",
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
            assert_eq!(complete(other), None, "{}", other.escape_ascii());
            // It is found behind another response, and a complete response is not changed.
            let two = [other, bare].concat();
            if other.is_empty() || other.ends_with(b"\n") {
                assert_eq!(complete(&two), Some([other, response.as_bytes()].concat()));
            }
            let complete_first = [response.as_bytes(), other].concat();
            assert_eq!(
                complete(&complete_first),
                None,
                "{}",
                complete_first.escape_ascii()
            );
        }
    }
}
