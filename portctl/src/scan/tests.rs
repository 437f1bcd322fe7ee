//! Scans of damaged and hostile files.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::{FileKind, ScanResult, port_variables, scan};
use crate::fuzz::{project_file, scan_file};

/// The project cases, used as a corpus of well-formed files.
const CASES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/scan/cases");

/// Fragments that are significant in one of the formats.
const PIECES: [&str; 24] = [
    ":", "-", "8080:80", "\n", "\n  ", "'", "\"", "${", "}", "$", "*a", "&a ", "<<: *a", "!reset ",
    "#", "[", "{", "\\", "=", "\r\n", "\u{e9}", "\u{0}", "--port ", "65536",
];

/// Collects the files of the projects, with their names.
fn files(folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.components().any(|part| part.as_os_str() == "project") {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            found.push((name, fs::read(path).unwrap()));
        }
    }
}

/// Replaces some bytes of a text with a fragment.
#[derive(Clone, Debug)]
struct Edit {
    at: prop::sample::Index,
    removed: usize,
    piece: &'static str,
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let edit = (
        any::<prop::sample::Index>(),
        0..12_usize,
        prop::sample::select(&PIECES[..]),
    );
    let edit = edit.prop_map(|(at, removed, piece)| Edit { at, removed, piece });
    prop::collection::vec(edit, 1..6)
}

fn edited(text: &[u8], edits: &[Edit]) -> Vec<u8> {
    let mut text = text.to_vec();
    for Edit { at, removed, piece } in edits {
        let at = at.index(text.len() + 1);
        let end = (at + removed).min(text.len());
        text.splice(at..end, piece.bytes());
    }
    text
}

/// `PORT_REGISTRY_SOAK` multiplies the number of cases.
#[test]
fn damaged_files_are_read_or_noted() {
    let soak = std::env::var("PORT_REGISTRY_SOAK").map_or(1, |factor| factor.parse().unwrap());
    let mut originals = Vec::new();
    files(Path::new(CASES), &mut originals);
    assert!(originals.len() > 100);
    let strategy = (prop::sample::select(originals), edits());
    let mut runner = TestRunner::new(Config {
        cases: 1_000 * soak,
        failure_persistence: None,
        ..Config::default()
    });
    runner
        .run(&strategy, |((name, text), edits)| {
            scan_file(&name, &edited(&text, &edits));
            Ok(())
        })
        .unwrap();
}

#[test]
fn corpus_of_the_fuzzer_is_read_or_noted() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fuzz/corpus/scan");
    let entries: Vec<_> = fs::read_dir(corpus).unwrap().collect();
    assert!(entries.len() >= 50);
    for entry in entries {
        project_file(&fs::read(entry.unwrap().path()).unwrap());
    }
}

#[test]
fn hostile_files_are_rejected_quickly() {
    let deep = |open: &str| open.repeat(100_000);
    let mut bomb = "l0: &l0 [x]\n".to_owned();
    for level in 1..20 {
        let nine = vec![format!("*l{}", level - 1); 9].join(", ");
        bomb = format!("{bomb}l{level}: &l{level} [{nine}]\n");
    }
    bomb += "services: *l19\n";
    let interpolated = format!("services: {{a: {{ports: ['{}']}}}}", deep("${A:-"));
    for (name, text) in [
        ("compose.yaml", deep("[")),
        ("compose.yaml", deep("{a: ")),
        ("compose.yaml", deep("- ")),
        ("compose.yaml", bomb),
        ("compose.yaml", interpolated),
        ("package.json", deep("{\"a\":")),
        ("devcontainer.json", deep("[")),
    ] {
        let scan = scan_file(name, text.as_bytes());
        assert_eq!(
            (scan.ports.len(), scan.notes.len()),
            (0, 1),
            "{name}: {:?}",
            scan.notes
        );
    }
    let mut many = String::new();
    for number in 0..500 {
        many = many + "${A" + &number.to_string() + ":-}";
    }
    let ports = "        - '".to_owned() + &many + "4000:80'\n";
    let text = "services:\n  web:\n      ports:\n".to_owned() + &ports.repeat(5);
    assert_eq!(scan_file("compose.yaml", text.as_bytes()).ports.len(), 1);
    let text = format!("web: next {many} -p 4000\n").repeat(5);
    assert_eq!(scan_file("Procfile", text.as_bytes()).ports.len(), 5);
    // Deeply nested, but no error.
    for (name, text) in [
        (".env", format!("PORT={}", deep("${A:-"))),
        ("Procfile", format!("web: {}", deep("sh -c '"))),
        ("Procfile", format!("web: {}", deep("${A:-"))),
    ] {
        assert_eq!(
            scan_file(name, text.as_bytes()),
            ScanResult::default(),
            "{name}"
        );
    }
    // A long chain of `extends`.
    let mut chain = "services:\n".to_owned();
    for number in 0..5_000 {
        let next = number + 1;
        chain = chain + "  s" + &number.to_string() + ": {extends: s" + &next.to_string() + "}\n";
    }
    assert_eq!(
        scan_file("compose.yaml", chain.as_bytes()),
        ScanResult::default()
    );
    let large = vec![b'#'; 5 << 20];
    assert_eq!(scan_file("compose.yaml", &large).notes.len(), 1);
}

#[test]
fn variables_of_ports_are_found_in_the_folder_alone() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let compose =
        "services:\n  db: {ports: ['${FORWARD_DB_PORT:-3306}:3306', '${ADMIN:-8080}:80', '1:2']}\n";
    write("compose.yaml", compose);
    write("sub/compose.yaml", &compose.replace("db", "other"));
    let variables = port_variables(folder.path(), &BTreeMap::new());
    let expected = [
        ("db", vec!["FORWARD_DB_PORT"]),
        ("db-2", vec![]),
        ("db-80", vec!["ADMIN"]),
    ];
    let found = variables.iter().map(|(name, variables)| {
        let variables = variables.iter().map(String::as_str);
        (name.as_str(), variables.collect())
    });
    assert_eq!(found.collect::<Vec<_>>(), expected);
    assert!(port_variables(&folder.path().join("gone"), &BTreeMap::new()).is_empty());
    write("compose.yaml", "services:\n  db: {ports: ['${FORWARD");
    assert!(port_variables(folder.path(), &BTreeMap::new()).is_empty());
}

#[test]
fn variables_of_ports_do_not_depend_on_their_values() {
    let folder = tempfile::tempdir().unwrap();
    for (ports, expected) in [
        ("['${A:-80}:80']", "a=A"),
        ("['${B:-${A:-80}}:80']", "a=B,A"),
        ("['${A}:80', '${B:?}:81']", "a=A a-81=B"),
        ("['80:80', '${A:-5173}:${A:-5173}']", "a= a-5173=A"),
        ("['${IP:-127.0.0.1}:${A:-80}:80']", "a=A"),
        // A port alone would be published on all addresses.
        ("['${A:-127.0.0.1:80}:80']", "a="),
        ("['127.0.0.1:${A:-80}:80', '[::1]:${A:-80}:80']", "a=A"),
        ("[{target: 80, published: '${A-80}'}]", "a=A"),
        ("['${C:-80}-${D:-81}:80-81']", "a= a-81="),
        (
            "['${E:+80}:80', '$$A:80', 'x', '80', '${A:-53}:53/udp']",
            "",
        ),
        ("[]\n    network_mode: host", ""),
    ] {
        let text = format!("services:\n  a:\n    ports: {ports}\n");
        fs::write(folder.path().join("compose.yaml"), text).unwrap();
        for values in ["", "A=9001\nB=9002\n", "A=9001\n", "B=9002\n"] {
            fs::write(folder.path().join(".env"), values).unwrap();
            let found = port_variables(folder.path(), &BTreeMap::new());
            let found = found.iter();
            let found = found.map(|(name, variables)| format!("{name}={}", variables.join(",")));
            let found = found.collect::<Vec<_>>().join(" ");
            // An outer variable that is set hides those of its default.
            let expected = if values.contains("B=") {
                expected.replace("B,A", "B")
            } else {
                expected.to_owned()
            };
            assert_eq!(found, expected, "{ports} {values:?}");
        }
    }
}

/// A project in a temporary folder.
struct Written(tempfile::TempDir);

impl Written {
    fn of(files: &[(&str, &str)]) -> Written {
        let project = Written(tempfile::tempdir().unwrap());
        for (name, text) in files {
            let path = project.0.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        project
    }

    /// Scans it. Returns the Compose ports, guesses with a question mark, and the notes.
    fn scan(&self, environment: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
        let environment = environment.iter();
        let environment =
            environment.map(|(name, value)| (String::from(*name), String::from(*value)));
        let result = scan(self.0.path(), &environment.collect()).unwrap();
        let ports = result
            .ports
            .iter()
            .filter(|it| it.kind == FileKind::Compose);
        let ports = ports.map(|it| format!("{}{}", it.port, if it.guess { "?" } else { "" }));
        let notes = result.notes.into_iter().map(|it| it.text);
        (ports.collect(), notes.collect())
    }
}

const WITH_VARIABLES: &str =
    "services:\n  db:\n    ports: ['${DB:-5432}:5432', '${WEB:-8080}:80', '7000:7']\n";

#[test]
fn env_files_are_those_that_compose_reads() {
    let project = Written::of(&[
        ("compose.yaml", WITH_VARIABLES),
        (
            ".env",
            "DB=1\nWEB=2\nCOMPOSE_ENV_FILES=a.env\nCOMPOSE_DISABLE_ENV_FILE=1\n",
        ),
        ("a.env", "DB=3\n"),
        ("b.env", "DB=4${WEB}\nWEB=5\n"),
    ]);
    let files = |names| ("COMPOSE_ENV_FILES", names);
    let disabled = |value| ("COMPOSE_DISABLE_ENV_FILE", value);
    for (environment, expected) in [
        (&[][..], ["1", "2"]),
        (&[("DB", "9")], ["9", "2"]),
        (&[files("")], ["1", "2"]),
        (&[files("a.env")], ["3", "8080"]),
        (&[files("a.env,b.env")], ["4", "5"]),
        (&[files("b.env,a.env")], ["3", "5"]),
        (&[files("b.env"), ("WEB", "6")], ["46", "6"]),
        (&[disabled("true")], ["5432", "8080"]),
        (&[disabled("0")], ["1", "2"]),
        (&[disabled("1"), files("a.env")], ["3", "8080"]),
    ] {
        let (ports, notes) = project.scan(environment);
        assert_eq!(
            ports,
            [&expected[..], &["7000"]].concat(),
            "{environment:?}"
        );
        assert!(notes.is_empty(), "{notes:?}");
    }
    // Compose starts nothing without a file that is named.
    let (ports, notes) = project.scan(&[files("gone.env"), ("WEB", "6")]);
    assert_eq!(ports, ["5432?", "6", "7000"]);
    assert_eq!(notes, ["is named by COMPOSE_ENV_FILES, but does not exist"]);
}

#[test]
fn named_env_files_name_the_compose_files() {
    let project = Written::of(&[
        ("docker/stack.yaml", WITH_VARIABLES),
        ("docker/.env", "DB=1\n"),
        ("a.env", "COMPOSE_FILE=docker/stack.yaml\nWEB=3\n"),
        (".env", "COMPOSE_FILE=docker/stack.yaml\nWEB=4\n"),
    ]);
    let named = project.scan(&[("COMPOSE_ENV_FILES", "a.env")]).0;
    assert_eq!(named, ["5432", "3", "7000"]);
    assert_eq!(project.scan(&[]).0, ["1", "4", "7000"]);
    let disabled = project.scan(&[("COMPOSE_DISABLE_ENV_FILE", "1")]).0;
    assert!(disabled.is_empty());
}

#[cfg(unix)]
#[test]
fn ports_below_a_special_env_file_are_guesses() {
    use std::os::unix::fs::symlink;

    use rustix::fs::{CWD, Mode, mkfifoat};

    let project = Written::of(&[("compose.yaml", WITH_VARIABLES)]);
    let env = project.0.path().join(".env");
    let environment = [("WEB", "6")];
    mkfifoat(CWD, &env, Mode::RUSR).unwrap();
    let (ports, notes) = project.scan(&environment);
    assert_eq!(ports, ["5432?", "6", "7000"]);
    assert_eq!(notes, ["cannot be read: it is not a file"]);
    // Nothing depends on it.
    let fixed = Written::of(&[("compose.yaml", "services: {a: {ports: ['1:1']}}")]);
    mkfifoat(CWD, fixed.0.path().join(".env"), Mode::RUSR).unwrap();
    assert_eq!(fixed.scan(&[]), (vec!["1".to_owned()], vec![]));
    for target in ["/dev/zero", ".env"] {
        fs::remove_file(&env).unwrap();
        symlink(target, &env).unwrap();
        let (ports, notes) = project.scan(&environment);
        assert_eq!((ports[0].as_str(), notes.len()), ("5432?", 1), "{target}");
    }
    fs::remove_file(&env).unwrap();
    fs::write(&env, vec![b'#'; 5 << 20]).unwrap();
    assert_eq!(project.scan(&environment).0[0], "5432?");
    // Compose ignores these.
    fs::remove_file(&env).unwrap();
    symlink("gone", &env).unwrap();
    assert_eq!(project.scan(&environment).0[0], "5432");
}

#[test]
fn chains_of_files_end() {
    // Each file includes the next one twice.
    let names: Vec<String> = (0..40).map(|it| format!("f{it}.yaml")).collect();
    let mut files: Vec<(&str, String)> = vec![("compose.yaml", "include: [f0.yaml]".to_owned())];
    for (name, next) in names.iter().zip(&names[1..]) {
        files.push((
            name,
            format!("include: [{next}, ./{next}]\nservices: {{a: {{ports: ['1:1']}}}}"),
        ));
    }
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, &**text)).collect();
    let (ports, notes) = Written::of(&files).scan(&[]);
    assert_eq!(ports, ["1"]);
    assert!(
        notes
            .iter()
            .any(|it| it.contains("too many files are included"))
    );
    // Thousands of services extend one with thousands of ports.
    let ports = "'1:1', ".repeat(5_000);
    let mut text = format!("services:\n  base: {{ports: [{ports}]}}\n");
    for number in 0..5_000 {
        text = text + "  s" + &number.to_string() + ": {extends: base}\n";
    }
    let (ports, notes) = Written::of(&[("compose.yaml", &text)]).scan(&[]);
    assert!(ports.len() > 10);
    assert_eq!(
        notes,
        ["the rest is skipped because there are more than 200000 ports"]
    );
}
