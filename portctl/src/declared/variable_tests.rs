//! Tests of naming variables.

use std::collections::BTreeMap;
use std::path::PathBuf;

use port_registry::PortctlToml;

use super::{ComposeVariables, Declarations, FileContent, VariableNames};

/// Reads variables such as `db=FORWARD_DB_PORT,DB_PORT web=`.
fn compose(text: &str) -> ComposeVariables {
    let services = text.split_whitespace().map(|it| {
        let (service, variables) = it.split_once('=').unwrap();
        let variables = variables.split(',').filter(|it| !it.is_empty());
        (
            service.to_owned(),
            variables.map(str::to_owned).collect::<Vec<_>>(),
        )
    });
    services.collect()
}

fn declared(text: &str, compose: &ComposeVariables) -> Result<Declarations, String> {
    let file = PortctlToml::new(PathBuf::from("portctl.toml"), text.to_owned());
    Declarations::of(&file, &|| compose.clone()).map_err(|it| it.error)
}

#[track_caller]
fn assert_names(toml: &str, of_compose: &str, allocated: &[&str], expected: &str) {
    let compose = compose(of_compose);
    let declared = declared(toml, &compose).unwrap();
    let names = VariableNames::new(Some(&declared), &compose, allocated.iter().copied());
    for entry in expected.split_whitespace() {
        let (service, expected) = entry.split_once('=').unwrap();
        let found = names.of(service).join(",");
        assert_eq!(found, expected, "{toml} {of_compose} {service}");
    }
}

#[test]
fn project_file_names_variables_before_the_compose_file_and_the_usual_name_comes_last() {
    for (toml, of_compose, expected) in [
        ("", "db=FORWARD_DB_PORT", "db=FORWARD_DB_PORT web=WEB_PORT"),
        (
            "services.db = 1",
            "db=FORWARD_DB_PORT",
            "db=FORWARD_DB_PORT",
        ),
        ("services.db.env = 'X'", "db=FORWARD_DB_PORT", "db=X"),
        ("services.db.env = ['X', 'Y']", "db=Z", "db=X,Y"),
        ("", "db=A,DB_PORT,B", "db=DB_PORT"),
        ("", "db=A,B", "db=A"),
        ("", "db=", "db=DB_PORT"),
    ] {
        assert_names(toml, of_compose, &["db"], expected);
    }
}

#[test]
fn variable_of_another_service_is_not_taken() {
    for (toml, of_compose, allocated, expected) in [
        // It sets two ports.
        ("", "a=X b=X", "", "a=A_PORT b=B_PORT"),
        ("", "a=X,Y b=X", "", "a=Y b=B_PORT"),
        // It is the variable of a service, or of `[env]`, in the project file.
        ("services.web.env = 'X'", "a=X", "", "a=A_PORT web=X"),
        ("env.X = 'y'", "a=X", "", "a=A_PORT"),
        (
            "services.web = 1",
            "a=WEB_PORT",
            "",
            "a=A_PORT web=WEB_PORT",
        ),
        // It is the usual one of another service.
        ("", "a=WEB_PORT web=", "", "a=A_PORT web=WEB_PORT"),
        ("", "a=WEB_PORT", "web", "a=A_PORT web=WEB_PORT"),
        // Services may exchange their names.
        ("", "a=B_PORT b=A_PORT", "a b", "a=B_PORT b=A_PORT"),
        ("", "a=B_PORT b=X", "", "a=B_PORT b=X"),
        // One that falls back to its usual name takes that from others.
        ("", "a=B_PORT b=C_PORT c=", "", "a=A_PORT b=B_PORT c=C_PORT"),
        // Shells, and the programs that read env files, could not have these.
        (
            "",
            "a=PATH b=LD_X c=PORT_REGISTRY_DB",
            "",
            "a=A_PORT b=B_PORT",
        ),
    ] {
        let allocated: Vec<&str> = allocated.split_whitespace().collect();
        assert_names(toml, of_compose, &allocated, expected);
    }
}

#[test]
fn files_may_list_the_variables_of_the_compose_file() {
    let toml = "[services]\ndb = 1\n[files]\n'.env' = ['FORWARD_DB_PORT', 'DB_PORT']";
    let names = compose("db=FORWARD_DB_PORT");
    let read = declared(toml, &names).unwrap();
    let listed = ["FORWARD_DB_PORT", "DB_PORT"].map(str::to_owned).to_vec();
    assert_eq!(read.files[0].content, FileContent::Names(listed));
    let error = declared(toml, &BTreeMap::new()).unwrap_err();
    assert!(
        error.contains("has the variable `FORWARD_DB_PORT`"),
        "{error}"
    );
}
