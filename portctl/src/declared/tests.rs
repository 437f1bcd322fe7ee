//! Tests of reading project files.

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
    Declarations::of(&file).map_err(|report| match report.hint {
        Some(hint) => format!("{} | {hint}", report.error),
        None => panic!("no hint: {}", report.error),
    })
}

#[test]
fn services_variables_and_files_are_read_in_their_order() {
    let declared = read(EXAMPLE).unwrap();
    assert_eq!(declared.app.as_deref(), Some("shop"));
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
    for (text, line, problem, hint) in [
        (
            "ap = 1",
            1,
            "unknown key `ap`",
            "did you mean `app`? Otherwise remove it, or update portctl",
        ),
        (
            "\n[servces]\nweb = 1",
            2,
            "unknown key `servces`",
            "did you mean `services`",
        ),
        (
            "zzz = 1",
            1,
            "unknown key `zzz`",
            "or update portctl; known are `app`, `services`, `env` and `files`",
        ),
        ("app = 1", 1, "`app` must be a text", "correct the file"),
        (
            "services = 1",
            1,
            "`services` must be a table",
            "`[services]`",
        ),
        ("[services]\nweb = 0", 2, "0 is no port", "1 to 65535"),
        (
            "[services]\nweb = 65536",
            2,
            "65536 is no port",
            "1 to 65535",
        ),
        ("[services]\nweb = -1", 2, "-1 is no port", "1 to 65535"),
        (
            "[services]\nweb = 99999999999999999999",
            2,
            "99999999999999999999 is no port",
            "1 to",
        ),
        (
            "[services]\nweb = 51.5",
            2,
            "a port must be a number, not a number with a fraction",
            "`web = 5173`",
        ),
        (
            "[services]\nweb = '5173'",
            2,
            "the port 5173 is a text",
            "remove the quotes",
        ),
        (
            "[services]\nweb = true",
            2,
            "a port must be a number, not true or false",
            "`web = 5173`",
        ),
        (
            "[services]\nweb = { prot = 1 }",
            2,
            "unknown key `prot` of the service web",
            "`port`",
        ),
        (
            "[services.web]\nport = 1\nenv = 3",
            3,
            "`env` must be the name of a variable",
            "API_PORT",
        ),
        (
            "[services]\nweb = { env = [] }",
            2,
            "`env` must be",
            "API_PORT",
        ),
        (
            "[services]\nweb = { env = ['A',\n1] }",
            3,
            "`env` must be",
            "API_PORT",
        ),
        (
            "[services]\nweb = { env = 'A-B' }",
            2,
            "`A-B` is no name of a variable",
            "letters A-Z",
        ),
        (
            "[services]\nweb = { env = '' }",
            2,
            "`` is no name of a variable",
            "letters A-Z",
        ),
        (
            "[services]\nweb = { env = 'PATH' }",
            2,
            "PATH is not for projects",
            "another name",
        ),
        (
            "[services]\nweb = { env = ['A', 'A'] }",
            2,
            "the service web has the variable A twice",
            "name another one",
        ),
        (
            "[services]\n'' = 1",
            2,
            "the service name must not be empty",
            "`web = 5173`",
        ),
        (
            "[services]\n\"a\\nb\" = 1",
            2,
            "control character",
            "`web = 5173`",
        ),
        (
            "[services]\napp = 1",
            2,
            "`app` cannot be the name of a service",
            "`${app}` is the app",
        ),
        (
            "[services]\ninstance = {}",
            2,
            "`instance` cannot be",
            "another name",
        ),
        (
            "[services]\n3000 = 1",
            2,
            "`3000` is no name of a service",
            "`web = 5173`",
        ),
        (
            "[services]\n'web,api' = 1",
            2,
            "`web,api` is no name",
            "`web = 5173`",
        ),
        (
            "[services]\nweb = 1\n' web ' = 2",
            3,
            "the service web is on line 2 already",
            "remove",
        ),
        (
            "[services]\nweb = 1\napi = 2\ndb = { port = 1 }",
            4,
            "db and web (line 2) cannot both have port 1",
            "`{}`",
        ),
        (
            "[services]\n'a-b' = 1\n'a.b' = 2",
            3,
            "the service a.b and the service a-b (line 2) have the same variable, A_B_PORT",
            "{ env = \"API_PORT\" }",
        ),
        (
            "[services]\nweb = 1\n[env]\nWEB_PORT = 'x'",
            4,
            "[env] and the service web (line 2) have the same variable, WEB_PORT",
            "another name",
        ),
        (
            "[env]\nA = 1",
            2,
            "A in [env] must be a text, not a number",
            "quotes",
        ),
        ("[env]\n'A B' = 'x'", 2, "`A B` is no name", "letters"),
        (
            "[env]\nLD_PRELOAD = 'x'",
            2,
            "LD_PRELOAD is not for projects",
            "another name",
        ),
        (
            "[env]\nA = \"\"\"a\nb\"\"\"",
            2,
            "A has a line break",
            "env files cannot hold it",
        ),
        (
            "[env]\nA = \"a\\u0007\"",
            2,
            "A has a line break or a control character",
            "remove it",
        ),
        (
            "[services]\ndb = 1\n[env]\nA = '${dbb.port}'",
            4,
            "A: unknown reference `${dbb.port}`",
            "did you mean `${db.port}`?",
        ),
        (
            "[services]\ndb = 1\n[env]\nA = '${db.prot}'",
            4,
            "unknown reference `${db.prot}`",
            "`${db.port}`",
        ),
        (
            "[services]\ndb = 1\n[env]\nA = '${db}'",
            4,
            "unknown reference `${db}`",
            "`.port`, `.url` or `.host`",
        ),
        (
            "[env]\nA = '${instance.slog}'",
            2,
            "unknown reference",
            "`${instance.slug}`",
        ),
        (
            "[env]\nA = '${HOME}'",
            2,
            "unknown reference `${HOME}`",
            "`.port`, `.url` or `.host`",
        ),
        (
            "[env]\nA = '1'\nB = '${A}'",
            3,
            "unknown reference `${A}`",
            "cannot refer to each other",
        ),
        (
            "[env]\nA = 'x${db.port'",
            2,
            "`${db.port` has no `}`",
            "`$$` for a dollar",
        ),
        (
            "[env]\nA = '$x'",
            2,
            "a `$` that begins no reference",
            "`$$` for a dollar",
        ),
        (
            "[env]\nA = '5$'",
            2,
            "a `$` that begins no reference",
            "`$$`",
        ),
        (
            "[files]\n'.env' = 'al'",
            2,
            "`.env` must be \"all\", a list",
            "as in",
        ),
        (
            "[files]\n'.env' = true",
            2,
            "`.env` must be \"all\", a list",
            "as in",
        ),
        (
            "[services]\nweb = 1\n[files]\n'.env' = [\n'WEB_PROT']",
            5,
            "no service and no [env] has the variable `WEB_PROT`",
            "did you mean `WEB_PORT`?",
        ),
        (
            "[files]\n'.env' = ['X']",
            2,
            "no service and no [env] has the variable `X`",
            "add it to [env]",
        ),
        (
            "[services]\nweb = 1\n[files]\n'.env' = ['WEB_PORT', 'WEB_PORT']",
            4,
            "lists WEB_PORT twice",
            "remove",
        ),
        (
            "[files]\n'.env' = { A = 'x', B = '${db.port}' }",
            2,
            "B: unknown reference",
            "",
        ),
        (
            "[files]\n'.env' = { A = 1 }",
            2,
            "A in [files.\".env\"] must be a text",
            "quotes",
        ),
        (
            "[files]\n'/etc/x' = 'all'",
            2,
            "`/etc/x` is an absolute path",
            "below",
        ),
        (
            "[files]\n'../.env' = 'all'",
            2,
            "leads out of a folder",
            "below",
        ),
        (
            "[files]\n'a/../.env' = 'all'",
            2,
            "leads out of a folder",
            "below",
        ),
        ("[files]\n'' = 'all'", 2, "`` names no file", "below"),
        ("[files]\n'.' = 'all'", 2, "`.` names no file", "below"),
        (
            "[files]\n'apps/' = 'all'",
            2,
            "`apps/` names no file",
            "below",
        ),
        (
            "[files]\n\"a\\nb\" = 'all'",
            2,
            "has a control character",
            "below",
        ),
        (
            "[files]\n'portctl.toml' = 'all'",
            2,
            "is this file itself",
            "below",
        ),
        (
            "[files]\n'.env' = 'all'\n'./.env' = 'all'",
            3,
            "`./.env` is on line 2 already",
            "remove",
        ),
        (
            "[services]\r\nweb = 1\r\n\r\nx",
            4,
            "",
            "correct the file, or update portctl",
        ),
        ("[services]\nweb = 1\nweb = 2", 3, "", "correct the file"),
    ] {
        let error = read(text).expect_err(text);
        let expected = format!("portctl.toml:{line}: {problem}");
        let (error, given) = error.split_once(" | ").unwrap();
        let is_expected = match problem {
            "" => error.starts_with(&expected),
            problem => {
                error.starts_with(&format!("portctl.toml:{line}: ")) && error.contains(problem)
            }
        };
        assert!(is_expected, "{text:?}: {error}");
        assert!(given.contains(hint), "{text:?}: {given}");
    }
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
