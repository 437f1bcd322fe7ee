//! Decodes moves.

use port_registry::{AllocationId, ListenerPolicy, Move};

use super::fields::{ErrorTexts, JsonFields};
use super::number::{to_id, to_optional_port, to_wished_port};
use crate::api_error::ApiError;

/// Decodes a move of the service with an allocation: `{"port"?,"prefer"?,"adopt"?}`.
pub(crate) fn decode_move(id: AllocationId, body: &[u8]) -> Result<Move, ApiError> {
    read_move(&JsonFields::parse(body, ErrorTexts::Own)?, |_| Ok(id))
}

/// Reads a move that names the allocation by its `"id"`.
pub(super) fn read_move_by_id(fields: &JsonFields) -> Result<Move, ApiError> {
    read_move(fields, |fields| match fields.number("id")? {
        0 => Err(ApiError::bad_request("id is required")),
        number => to_id(number).ok_or_else(ApiError::unknown_allocation),
    })
}

fn read_move(
    fields: &JsonFields,
    id: impl FnOnce(&JsonFields) -> Result<AllocationId, ApiError>,
) -> Result<Move, ApiError> {
    let (port, adopt) = (fields.number("port")?, fields.flag("adopt")?);
    let prefer = fields.number("prefer")?;
    let mut wanted = Move::new(id(fields)?);
    if let Some(port) = to_optional_port(port)? {
        wanted = wanted.with_port(port);
    }
    if let Some(port) = to_wished_port("prefer", prefer)? {
        wanted = wanted.with_prefer(port);
    }
    Ok(if adopt {
        wanted.with_listener_policy(ListenerPolicy::Adopt)
    } else {
        wanted
    })
}

#[cfg(test)]
mod tests {
    use port_registry::AllocationId;

    use super::decode_move;

    #[test]
    fn json_is_checked_before_the_port_and_unknown_fields_are_ignored() {
        let id = AllocationId::new(7).unwrap();
        let message = |body: &str| decode_move(id, body.as_bytes()).unwrap_err().to_string();
        for (body, expected) in [
            ("", "invalid JSON"),
            ("[]", "the body must be an object, not an array"),
            ("null", "the body must be an object, not null"),
            (
                r#"{"port":70000,"adopt":1}"#,
                "adopt must be true or false, not 1",
            ),
            (
                r#"{"prefer":true}"#,
                "prefer must be a whole number, not true",
            ),
        ] {
            assert_eq!(message(body), expected, "{body}");
        }
        for port in [-1, 65_536] {
            let text = message(&format!(r#"{{"port":{port}}}"#));
            assert_eq!(text, "port must be between 1 and 65535");
        }
        for body in [
            "{}",
            r#"{"port":null,"prefer":null,"adopt":null}"#,
            r#"{"port":0,"prefer":0,"id":8}"#,
        ] {
            let wanted = decode_move(id, body.as_bytes()).unwrap();
            assert_eq!((wanted.id(), wanted.port()), (id, None), "{body}");
            assert_eq!(wanted.prefer(), None, "{body}");
        }
    }
}
