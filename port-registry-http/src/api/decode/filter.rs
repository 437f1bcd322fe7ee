//! Decodes filters of allocations to release.

use port_registry::Filter;

use super::dir::parse_dir;
use super::fields::{ErrorTexts, JsonFields};
use super::number::to_optional_port;
use crate::api_error::ApiError;

/// Decodes a filter: `{"app"?,"instance"?,"service"?,"port"?,"dir"?}`. The registry rejects one without fields.
pub(crate) fn decode_filter(body: &[u8]) -> Result<Filter, ApiError> {
    read_filter(&JsonFields::parse(body, ErrorTexts::Go)?)
}

pub(super) fn read_filter(fields: &JsonFields) -> Result<Filter, ApiError> {
    let (app, instance) = (fields.text("app")?, fields.text("instance")?);
    let (service, port) = (fields.text("service")?, fields.number("port")?);
    let dir = fields.text("dir")?;
    let mut filter = filter_by_names(app, instance, service);
    if let Some(port) = to_optional_port(port)? {
        filter = filter.with_port(port);
    }
    if let Some(dir) = parse_dir(dir)? {
        filter = filter.with_dir(dir);
    }
    Ok(filter)
}

/// Makes a filter of names. An empty name is ignored.
pub(super) fn filter_by_names(app: &str, instance: &str, service: &str) -> Filter {
    let mut filter = Filter::new();
    if !app.is_empty() {
        filter = filter.with_app(app);
    }
    if !instance.is_empty() {
        filter = filter.with_instance(instance);
    }
    if !service.is_empty() {
        filter = filter.with_service(service);
    }
    filter
}

#[cfg(test)]
mod tests {
    use port_registry::Filter;

    use super::decode_filter;

    #[test]
    fn last_of_equal_fields_counts_and_unknown_fields_are_ignored() {
        let twice = br#"{"app":1,"app":"a","x":{"port":1},"instance":"i"}"#;
        assert_eq!(
            decode_filter(twice).unwrap(),
            Filter::new().with_app("a").with_instance("i")
        );
    }

    #[test]
    fn filter_of_empty_fields_is_empty() {
        for body in [
            "{}",
            r#"{"app":"","port":0}"#,
            r#"{"service":null,"port":null}"#,
        ] {
            assert!(decode_filter(body.as_bytes()).unwrap().is_empty(), "{body}");
        }
        // No app can have this name, so the filter matches nothing. It must not match everything.
        assert!(!decode_filter(br#"{"app":" "}"#).unwrap().is_empty());
    }
}
