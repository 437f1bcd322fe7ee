//! Project files for the sample projects of `scan`, and for names that are hostile.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use port_registry::{Port, PortctlToml};
use proptest::prelude::*;

use super::{EnvFile, Findings, env_lines, render};
use crate::declared::Declarations;
use crate::scan::{self, FileKind, FixedPort};

const CASES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/scan/cases");

const ENV_FILES: [EnvFile; 4] = [
    EnvFile::Unused,
    EnvFile::Ignored,
    EnvFile::Tracked,
    EnvFile::Untracked,
];

/// Reads a project file that must have no mistake.
#[track_caller]
fn read(text: &str) -> Declarations {
    let file = PortctlToml::new(PathBuf::from("portctl.toml"), text.to_owned());
    Declarations::of(&file).unwrap_or_else(|report| panic!("{report:?}\n{text}"))
}

fn rendered(ports: &[FixedPort], env_file: EnvFile) -> String {
    render(&Findings {
        ports,
        env_lines: &[],
        env_file,
    })
}

fn fixed(service: &str, port: u16) -> FixedPort {
    FixedPort {
        service: service.to_owned(),
        port: Port::new(port).unwrap(),
        file: "compose.yaml".to_owned(),
        line: 1,
        kind: FileKind::Compose,
        guess: false,
        implied: false,
        origin: scan::PortOrigin::default(),
    }
}

fn with_variables(service: &str, port: u16, variables: &[&str]) -> FixedPort {
    let mut fixed = fixed(service, port);
    fixed.origin.variables = variables.iter().map(|&it| it.to_owned()).collect();
    fixed
}

/// Returns the lines of `[services]`.
fn services(ports: &[FixedPort]) -> Vec<String> {
    let text = rendered(ports, EnvFile::Unused);
    read(&text);
    let (_, table) = text.split_once("[services]\n").unwrap();
    let (table, _) = table.split_once("\n\n").unwrap();
    table.lines().map(str::to_owned).collect()
}

#[test]
fn files_for_all_sample_projects_are_accepted_and_have_every_certain_port() {
    let mut count = 0;
    for case in fs::read_dir(CASES).unwrap() {
        let root = case.unwrap().path().join("project");
        let found = scan::scan(&root, &BTreeMap::new()).unwrap();
        let lines = env_lines(&root, &[".env.example", ".env"]);
        for env_file in ENV_FILES {
            let text = render(&Findings {
                ports: &found.ports,
                env_lines: &lines,
                env_file,
            });
            let declared = read(&text);
            let preferred = declared.preferred_ports();
            let certain = found.ports.iter().filter(|it| !it.guess);
            for fixed in certain.take(200) {
                let is_declared = preferred.contains(&fixed.port);
                let has_reason =
                    text.contains("no name of a service") || text.contains("has the variable of");
                assert!(is_declared || has_reason, "{fixed:?}\n{text}");
            }
            // Outside of [services], all comments are examples. They are accepted, too.
            for line in text.lines().filter_map(|it| it.strip_prefix("# ")) {
                let is_entry = line.contains(" = ") && !line.starts_with("app");
                if is_entry {
                    toml::de::DeTable::parse(line).unwrap_or_else(|it| panic!("{it}: {line}"));
                }
            }
        }
        count += 1;
    }
    assert!(count > 100);
}

#[test]
fn services_have_their_ports_variables_and_places() {
    let mut guess = fixed("smtp", 25);
    guess.guess = true;
    let mut implied = fixed("dev", 5173);
    (implied.guess, implied.implied) = (true, true);
    (implied.file, implied.line) = ("package.json".to_owned(), 7);
    let ports = [
        with_variables("db", 5432, &["POSTGRES_PORT", "DB_PORT"]),
        with_variables("cache", 6379, &["REDIS_PORT", "X"]),
        with_variables("redis", 6380, &["X", "PATH", "a-b"]),
        with_variables("mail", 1025, &["LD_PRELOAD"]),
        implied,
        guess,
        fixed("db", 5433),
        fixed("db", 5432),
        fixed("my web", 5173),
        fixed("app", 8000),
        fixed("8080", 8081),
        fixed("a_b", 1),
        fixed("a-b", 2),
        fixed("q\"\\", 3),
    ];
    let expected = [
        "db = 5432                       # compose.yaml:1",
        "cache = { port = 6379, env = \"X\" }  # compose.yaml:1",
        "redis = 6380                    # compose.yaml:1",
        "mail = 1025                     # compose.yaml:1",
        "dev = 5173                      # package.json:7, the default port of its server",
        "# smtp = 25                     # compose.yaml:1, a guess",
        "# db = 5433                     # compose.yaml:1, another port of the same service",
        "# \"my web\" = 5173               # compose.yaml:1, the port of dev above",
        "app-server = 8000               # compose.yaml:1, where it is `app`, which has a meaning here",
        "# 8080 = 8081                   # compose.yaml:1, no name of a service",
        "a_b = 1                         # compose.yaml:1",
        "# a-b = 2                       # compose.yaml:1, has the variable of a_b above",
        "\"q\\\"\\\\\" = 3                     # compose.yaml:1",
    ];
    assert_eq!(services(&ports), expected);
}

#[test]
fn port_is_the_variable_of_one_service_at_most() {
    let web = with_variables("web", 3000, &["PORT"]);
    let api = with_variables("api", 4000, &["PORT"]);
    assert!(services(std::slice::from_ref(&web))[0].contains("env = \"PORT\""));
    let lines = services(&[web.clone(), api]);
    assert!(!lines.concat().contains("env"), "{lines:?}");
    let script = FixedPort {
        kind: FileKind::Package,
        ..web
    };
    assert!(!services(&[script])[0].contains("env"));
}

#[test]
fn project_without_ports_gets_a_commented_example() {
    let text = rendered(&[], EnvFile::Ignored);
    let declared = read(&text);
    assert!(declared.services.is_empty() && declared.files.is_empty());
    let uncommented: Vec<&str> = text
        .lines()
        .skip(1)
        .map(|it| it.strip_prefix("# ").unwrap_or(it))
        .collect();
    let declared = read(&uncommented.join("\n"));
    let names = declared.services.iter().map(|it| it.name.as_str());
    assert!(names.eq(["web", "api", "debug"]));
    assert_eq!((declared.env.len(), declared.files.len()), (1, 1));
}

#[test]
fn env_file_is_declared_only_if_git_ignores_it() {
    let web = [fixed("web", 3000)];
    for env_file in ENV_FILES {
        let declared = read(&rendered(&web, env_file));
        let is_declared = !declared.files.is_empty();
        assert_eq!(is_declared, env_file == EnvFile::Ignored);
    }
}

#[test]
fn urls_become_examples_without_their_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let text = "DATABASE_URL=\"postgres://me:secret@localhost:5432/shop?key=private\"\nOTHER=http://localhost:9\n\
                DB_PORT=5432\nAPI=http://example.org:5432\n";
    fs::write(folder.path().join(".env"), text).unwrap();
    let lines = env_lines(folder.path(), &[".env.example", ".env"]);
    let text = render(&Findings {
        ports: &[fixed("db", 5432)],
        env_lines: &lines,
        env_file: EnvFile::Unused,
    });
    read(&text);
    let example =
        "# DATABASE_URL = \"postgres://localhost:${db.port}\"  # .env:1, without its other parts\n";
    assert!(text.contains(example), "{text}");
    for absent in ["secret", "private", "OTHER", "DB_PORT", "API"] {
        assert!(!text.contains(absent), "{absent}: {text}");
    }
}

#[test]
fn very_many_ports_make_a_file_that_is_read() {
    let all = (1..=60_000).map(|it| fixed(&format!("service-{it}-{}", "x".repeat(200)), it));
    let all: Vec<FixedPort> = all.collect();
    let text = rendered(&all, EnvFile::Ignored);
    assert_eq!(read(&text).services.len(), 200);
    assert!(text.len() < 1 << 20);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_names_and_paths_are_escaped(
        names in prop::collection::vec((any::<String>(), any::<String>(), any::<String>(), 1..9u16), 0..6),
    ) {
        let ports = names.into_iter().map(|(name, file, variable, port)| {
            let fixed = with_variables(&name, port, &[&variable]);
            FixedPort { file, ..fixed }
        });
        let text = rendered(&ports.collect::<Vec<_>>(), EnvFile::Ignored);
        read(&text);
        let shown = crate::output::visible(&text.replace('\n', "")).into_owned();
        prop_assert_eq!(shown, text.replace('\n', ""));
    }
}
