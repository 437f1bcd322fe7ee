//! Allocations in files: from `portctl export`, from the server of the Go program of the same name, and from
//! `sqlite3 -json` on its database.

use std::path::Path;

use port_registry::{CheckoutName, Claim, LabelOrigin, ListenerPolicy, Port, ServiceKey};
use serde::Deserialize;

use super::time::parse_time;
use crate::report::Report;

/// An allocation in a file. Other fields, such as the id, are ignored.
#[derive(Debug, Deserialize)]
#[serde(expecting = "an object")]
struct ImportRow {
    app: String,
    instance: String,
    service: String,
    port: i64,
    created_at: Option<String>,
    dir: Option<String>,
    label_origin: Option<LabelOrigin>,
    checkout_name: Option<ImportName>,
}

/// The name of a checkout in a file.
#[derive(Debug, Deserialize)]
#[serde(expecting = "an object")]
struct ImportName {
    app: String,
    instance: String,
}

/// Parses the allocations of a file into claims, in their order.
pub(crate) fn parse(text: &[u8]) -> Result<Vec<Claim>, Report> {
    let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
    if text.trim_ascii().is_empty() {
        return Err(Report::new("it is empty, so there is nothing to import"));
    }
    let rows: Vec<serde_json::Value> = serde_json::from_slice(text).map_err(|error| {
        Report::new(format!("it is not a JSON array of allocations: {error}"))
            .hint("`portctl export` prints one, and so does `sqlite3 -json ~/.port-registry/ports.db 'SELECT * FROM allocations'` from the Go program's database")
    })?;
    let mut claims = Vec::with_capacity(rows.len());
    let mut problems = Vec::new();
    for (number, row) in (1..).zip(rows) {
        match claim(row) {
            Ok(claim) => claims.push(claim),
            Err(problem) => {
                problems.push(Report::new(format!("allocation {number}: {problem}")));
            }
        }
    }
    if problems.is_empty() {
        return Ok(claims);
    }
    let count = problems.len();
    Err(
        Report::new(format!("{count} of its allocations are invalid"))
            .hint("correct them; nothing was imported")
            .conflicts(problems),
    )
}

fn claim(row: serde_json::Value) -> Result<Claim, String> {
    let row: ImportRow = serde_json::from_value(row).map_err(|error| error.to_string())?;
    let key = ServiceKey::new(row.app, row.instance, row.service);
    let key = key.map_err(|error| error.to_string())?;
    let port = u16::try_from(row.port).ok();
    let port = port.and_then(|port| Port::new(port).ok());
    let port = port.ok_or("the port must be between 1 and 65535")?;
    // An imported service may be running.
    let mut claim = Claim::new(key)
        .with_port(port)
        .with_listener_policy(ListenerPolicy::Adopt);
    if let Some(text) = row.created_at.filter(|text| !text.is_empty()) {
        let time = parse_time(&text).ok_or_else(|| format!("created_at is not a time: {text}"))?;
        claim = claim.with_created_at(time);
    }
    if let Some(dir) = row.dir.filter(|dir| !dir.is_empty()) {
        if !Path::new(&dir).is_absolute() {
            return Err(format!("dir must be an absolute path: {dir}"));
        }
        claim = claim.with_dir(dir).map_err(|error| error.to_string())?;
    }
    if let Some(ImportName { app, instance }) = row.checkout_name {
        let name = CheckoutName::new(app, instance);
        claim = claim.with_checkout_name(name.map_err(|error| format!("checkout_name: {error}"))?);
    }
    Ok(claim.with_label_origin(row.label_origin.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn every_invalid_allocation_is_reported() {
        let problem = |text: &str| parse(text.as_bytes()).unwrap_err();
        assert!(problem(" \n").error.contains("empty"));
        assert!(problem("{}").error.contains("not a JSON array"));
        let rows = r#"[
            {"app": "a", "instance": "i", "service": "s", "port": 0},
            {"app": "a", "instance": "i", "service": "s", "port": 1, "id": "x"},
            {"app": "", "instance": "i", "service": "s", "port": 1},
            {"app": "a", "instance": "i", "service": "s"},
            {"app": "a", "instance": "i", "service": "s", "port": 1, "created_at": "now"},
            {"app": "a", "instance": "i", "service": "s", "port": 1, "dir": "here"}
        ]"#;
        let report = problem(rows);
        let errors: Vec<&str> = report.conflicts.iter().map(|it| &*it.error).collect();
        assert_eq!(
            errors,
            [
                "allocation 1: the port must be between 1 and 65535",
                "allocation 3: the app name must not be empty",
                "allocation 4: missing field `port`",
                "allocation 5: created_at is not a time: now",
                "allocation 6: dir must be an absolute path: here",
            ]
        );
    }
}
