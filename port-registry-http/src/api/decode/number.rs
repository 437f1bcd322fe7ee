//! Ports and ids, from JSON, paths and queries.

use port_registry::{AllocationId, Port};

use crate::api_error::ApiError;

/// Parses the id of an allocation in a path. Returns `None` for a number that no allocation can have.
pub(crate) fn parse_id(text: &str) -> Result<Option<AllocationId>, ApiError> {
    let number: i64 = text
        .parse()
        .map_err(|_| ApiError::bad_request("invalid id"))?;
    Ok(to_id(number))
}

/// Parses a port in a path or a query.
pub(crate) fn parse_port(text: &str) -> Result<Port, ApiError> {
    let number: i64 = text
        .parse()
        .map_err(|_| ApiError::bad_request("invalid port"))?;
    to_port(number)
}

/// Returns the id with this number. Returns `None` for a number that no allocation can have.
pub(super) fn to_id(number: i64) -> Option<AllocationId> {
    AllocationId::new(u64::try_from(number).ok()?).ok()
}

/// Returns the port with this number. Returns `None` for 0.
pub(super) fn to_optional_port(number: i64) -> Result<Option<Port>, ApiError> {
    match number {
        0 => Ok(None),
        number => to_port(number).map(Some),
    }
}

/// Returns the port with this number, of a field that names itself in its error. Returns `None` for 0.
pub(super) fn to_wished_port(field: &str, number: i64) -> Result<Option<Port>, ApiError> {
    let port = to_optional_port(number);
    port.map_err(|error| ApiError::bad_request(format!("{field}: {error}")))
}

fn to_port(number: i64) -> Result<Port, ApiError> {
    let port = u16::try_from(number)
        .ok()
        .and_then(|number| Port::new(number).ok());
    port.ok_or_else(ApiError::port_out_of_range)
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;

    use super::{parse_id, parse_port};
    use crate::api_error::ApiError;

    fn message<T: Debug>(result: Result<T, ApiError>) -> String {
        result.unwrap_err().to_string()
    }

    #[test]
    fn ids_and_ports_in_paths_are_whole_numbers() {
        for text in ["", "x", "1.0", "1 ", "0x1", "9223372036854775808"] {
            assert_eq!(message(parse_id(text)), "invalid id", "{text}");
            assert_eq!(message(parse_port(text)), "invalid port", "{text}");
        }
        assert_eq!(parse_id("7").unwrap().unwrap().get(), 7);
        for number in ["0", "-1"] {
            assert_eq!(parse_id(number).unwrap(), None);
            assert_eq!(
                message(parse_port(number)),
                "port must be between 1 and 65535"
            );
        }
    }
}
