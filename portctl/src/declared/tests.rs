//! Tests of reading project files.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use port_registry::{Port, PortctlToml};

use super::declarations::KEYS;
use super::services::KEYS as SERVICE_KEYS;
use super::{Declarations, FileContent, References};
use crate::fuzz;

/// The example of the documentation.
const EXAMPLE: &str = r#"
app = "shop"

[services]
web   = 5173
api   = { port = 4000, env = "API_PORT" }
db    = { port = 5432, env = ["DB_PORT", "PGPORT"] }
debug = {}

[env]
DATABASE_URL = "postgres://app:dev@${db.host}:${db.port}/shop_${instance.slug}"
VITE_API_URL = "${api.url}"
PRICE = "$$5 for ${app}/${instance}"

[files]
".env" = "all"
"./apps/web/.env.local" = ["VITE_API_URL", "PGPORT"]
"apps/api/.env" = { PORT = "${api.port}" }
"#;

fn read(text: &str) -> Result<Declarations, String> {
    let file = PortctlToml::new(PathBuf::from("portctl.toml"), text.to_owned());
    Declarations::of(&file, &BTreeMap::new).map_err(|report| match report.hint {
        Some(hint) => format!("{} | {hint}", report.error),
        None => panic!("no hint: {}", report.error),
    })
}

#[test]
fn services_variables_and_files_are_read_in_their_order() {
    let declared = read(EXAMPLE).unwrap();
    let services = declared.services.iter().map(|it| {
        let port = it.preferred.map(Port::get);
        (&*it.name, port, it.variables.join(" "), it.line)
    });
    let services: Vec<_> = services.collect();
    let service = |name, port, variables: &str, line| (name, port, variables.to_owned(), line);
    assert_eq!(
        services,
        [
            service("web", Some(5173), "WEB_PORT", 5),
            service("api", Some(4000), "API_PORT", 6),
            service("db", Some(5432), "DB_PORT PGPORT", 7),
            service("debug", None, "DEBUG_PORT", 8),
        ]
    );
    let files = declared.files.iter().map(|it| it.path.as_path());
    let expected = [".env", "apps/web/.env.local", "apps/api/.env"].map(Path::new);
    assert_eq!(files.collect::<Vec<_>>(), expected);
    let names = FileContent::Names(vec!["VITE_API_URL".to_owned(), "PGPORT".to_owned()]);
    assert_eq!(declared.files[1].content, names);
    assert!(declared.needs_labels());
}

#[test]
fn references_are_replaced_by_ports_and_labels() {
    let declared = read(EXAMPLE).unwrap();
    let allocations = [fuzz::allocation("api", 4001), fuzz::allocation("db", 5433)];
    let labels = ("shop".to_owned(), "feature-cart".to_owned());
    let references = References::new(&allocations, labels);
    let values = declared.env.iter().map(|it| it.value.render(&references));
    let values: Vec<String> = values.map(Option::unwrap).collect();
    assert_eq!(
        values,
        [
            "postgres://app:dev@localhost:5433/shop_feature_cart",
            "http://localhost:4001",
            "$5 for shop/feature-cart",
        ]
    );
    let web =
        read("[services]\nweb = {}\n'a.b' = {}\n[env]\nA = '${web.port}${a.b.port}'").unwrap();
    assert_eq!(web.env[0].value.render(&references), None);
    assert!(!web.needs_labels());
}

#[test]
fn mistakes_name_their_line_and_the_next_step() {
    let table = include_str!("mistakes.txt");
    let entries: Vec<&str> = table.split("==== ").skip(1).collect();
    assert!(entries.len() > 50);
    for entry in entries {
        let (expected, text) = entry.split_once('\n').unwrap();
        let [line, problem, hint] = expected.split(" | ").collect::<Vec<_>>()[..] else {
            panic!("{expected}");
        };
        assert_mistake(text.strip_suffix('\n').unwrap(), line, problem, hint);
    }
    assert_mistake(
        "[services]\r\nweb = 1\r\n\r\nx",
        "4",
        "",
        "correct the file",
    );
}

#[track_caller]
fn assert_mistake(text: &str, line: &str, problem: &str, hint: &str) {
    let error = read(text).expect_err(text);
    let (error, given) = error.split_once(" | ").unwrap();
    let place = format!("portctl.toml:{line}: ");
    assert!(
        error.starts_with(&place) && error.contains(problem),
        "{text:?}: {error}"
    );
    assert!(given.contains(hint), "{text:?}: {given}");
}

#[test]
fn unusual_files_without_mistakes_are_read() {
    for text in [
        "",
        "\u{feff}[services]\r\nweb = 5_173\r\n",
        "[services]\nweb = 0x1435\n",
        "services.web.port = 5173",
        "[services.web]\n[services.\"my web\"]\nport = 1",
        "[services]\n'größe' = {}\nall = {}",
        "[files]\n'.env' = []",
    ] {
        assert!(read(text).is_ok(), "{text:?}: {:?}", read(text));
    }
}

#[test]
fn schema_lists_the_keys_that_are_read() {
    let schema = include_str!("../../portctl.schema.json");
    let schema: serde_json::Value = serde_json::from_str(schema).unwrap();
    let keys = |pointer: &str| -> Vec<String> {
        let properties = schema.pointer(pointer).unwrap().as_object().unwrap();
        properties.keys().cloned().collect()
    };
    let sorted = |keys: &[&str]| {
        let mut keys: Vec<String> = keys.iter().map(|&it| it.to_owned()).collect();
        keys.sort();
        keys
    };
    assert_eq!(keys("/properties"), sorted(&KEYS));
    assert_eq!(
        keys("/definitions/service/oneOf/1/properties"),
        sorted(&SERVICE_KEYS)
    );
}

#[test]
fn corpus_of_the_fuzzer_is_read_or_refused() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fuzz/corpus/declared");
    let entries: Vec<_> = fs::read_dir(corpus).unwrap().collect();
    assert!(entries.len() > 10);
    for entry in entries {
        fuzz::declarations(&fs::read(entry.unwrap().path()).unwrap());
    }
}
