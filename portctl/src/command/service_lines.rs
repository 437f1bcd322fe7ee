//! Lines with services and their URLs.

use textwrap::core::display_width;

use crate::output::visible;

/// Lines with the names of services, and their URLs below each other.
pub(super) fn service_lines(urls: &[(&str, String)]) -> Vec<String> {
    let names = || urls.iter().map(|(service, _)| visible(service));
    let widest = names()
        .map(|it| display_width(&it))
        .max()
        .unwrap_or_default();
    let lines = names().zip(urls).map(|(service, (_, url))| {
        let padding = " ".repeat(widest - display_width(&service));
        format!("{service}{padding}  {url}")
    });
    lines.collect()
}
