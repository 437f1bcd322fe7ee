//! Project files for the sample projects of `scan`, and for names that are hostile.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use port_registry::{Port, PortctlToml};
use proptest::prelude::*;

use super::{EnvFile, Findings, env_lines, render};
use crate::declared::{ComposeVariables, Declarations};
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
    Declarations::of(&file, &BTreeMap::new).unwrap_or_else(|report| panic!("{report:?}\n{text}"))
}

fn rendered(ports: &[FixedPort], env_file: EnvFile) -> String {
    render(&Findings {
        ports,
        compose: &ComposeVariables::new(),
        env_lines: &[],
        env_file,
        app: Some("shop"),
    })
    .text
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
                compose: &scan::port_variables(&root, &BTreeMap::new()),
                env_lines: &lines,
                env_file,
                app: Some("shop"),
            })
            .text;
            let declared = read(&text);
            let preferred = declared.preferred_ports();
            let is_preview = |it: &FixedPort| it.origin.script.as_deref() == Some("preview");
            let certain = found.ports.iter();
            let certain = certain.filter(|it| !it.guess && !is_preview(it));
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

fn script(file: &str, name: &str, port: u16) -> FixedPort {
    let mut fixed = fixed(&file.replace("/package.json", &format!("-{name}")), port);
    if !file.contains('/') {
        name.clone_into(&mut fixed.service);
    }
    (fixed.file, fixed.kind) = (file.to_owned(), FileKind::Package);
    fixed.origin.script = Some(name.to_owned());
    fixed
}

fn assigned(service: &str, port: u16) -> FixedPort {
    let mut fixed = fixed(service, port);
    (fixed.kind, fixed.guess) = (FileKind::Dotenv, true);
    fixed.file = ".env".to_owned();
    fixed
}

#[test]
fn servers_of_packages_are_named_by_variables_or_folders() {
    let names = |ports: &[FixedPort]| {
        let lines = services(ports).into_iter();
        let entries = lines.map(|it| it.split("  ").next().unwrap().to_owned());
        entries.collect::<Vec<_>>().join("; ")
    };
    let root = "package.json";
    let dev = script(root, "dev", 5173);
    let start = script(root, "start", 8080);
    for (ports, expected) in [
        (vec![dev.clone()], "web = 5173"),
        (vec![start.clone(), dev.clone()], "start = 8080; web = 5173"),
        (vec![dev.clone(), script(root, "start", 5173)], "web = 5173"),
        (vec![fixed("web", 80), dev.clone()], "web = 80; dev = 5173"),
        (vec![dev.clone(), assigned("front", 5173)], "front = 5173"),
        (vec![dev.clone(), assigned("web", 5173)], "web = 5173"),
        (
            vec![script("api/package.json", "dev", 4000), dev.clone()],
            "api = 4000; web = 5173",
        ),
        (
            vec![script("app/package.json", "dev", 4000)],
            "app-dev = 4000",
        ),
        (
            vec![script(root, "preview", 4173), script(root, "docs", 6006)],
            "# preview = 4173; docs = 6006",
        ),
    ] {
        assert_eq!(names(&ports), expected);
    }
}

#[test]
fn fixed_ports_of_compose_files_come_with_the_entry_to_write() {
    let folder = tempfile::tempdir().unwrap();
    let text = "services:\n  db:\n    ports: ['5432:5432']\n  mail:\n    ports:\n      - 127.0.0.1:1025:25/tcp\n  \
                cache:\n    ports: [{ target: 6379, published: 6379 }]\n  api:\n    ports: ['${API_PORT:-4000}:80']\n  \
                two:\n    ports: ['7000-7001:70']\n";
    fs::write(folder.path().join("compose.yaml"), text).unwrap();
    let found = scan::scan(folder.path(), &BTreeMap::new()).unwrap();
    let rendered = render(&Findings {
        ports: &found.ports,
        compose: &ComposeVariables::new(),
        env_lines: &[],
        env_file: EnvFile::Ignored,
        app: None,
    });
    read(&rendered.text);
    for entry in [
        "compose.yaml:3; for plain docker compose, write \"${DB_PORT:-5432}:5432\" there\n",
        "compose.yaml:6; for plain docker compose, write \"127.0.0.1:${MAIL_PORT:-1025}:25/tcp\" there\n",
        "compose.yaml:8; for plain docker compose, write \"${CACHE_PORT:-6379}\" there\n",
        "# DB_ADDRESS = \"localhost:${db.port}\"\n",
    ] {
        assert!(rendered.text.contains(entry), "{entry}: {}", rendered.text);
    }
    assert_eq!(rendered.text.matches("there\n").count(), 3);
    assert!(
        rendered.notes[0].starts_with("`portctl compose` replaces the fixed ports of 3 services")
    );
}

#[test]
fn variables_that_env_takes_from_the_compose_file_are_not_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let text = "services:\n  mysql: {ports: ['${FORWARD_DB_PORT:-3306}:3306']}\n  web: {ports: ['${PORT:-80}:80']}\n  \
                api: {ports: ['${MYSQL_PORT:-4000}:80']}\n";
    fs::write(folder.path().join("compose.yaml"), text).unwrap();
    let environment = BTreeMap::new();
    let found = scan::scan(folder.path(), &environment).unwrap();
    let compose = scan::port_variables(folder.path(), &environment);
    let render = |compose| {
        let findings = Findings {
            ports: &found.ports,
            compose,
            env_lines: &[],
            env_file: EnvFile::Unused,
            app: None,
        };
        render(&findings).text
    };
    assert!(!render(&compose).contains("env ="), "{}", render(&compose));
    let without = render(&ComposeVariables::new());
    assert_eq!(without.matches("env =").count(), 2, "{without}");
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
    assert!(text.contains("\n# app = \"shop\" "), "{text}");
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
        compose: &ComposeVariables::new(),
        env_lines: &lines,
        env_file: EnvFile::Unused,
        app: None,
    })
    .text;
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
