//! Env files, as all readers see them.

use std::fs;

use super::fixture::WrittenCheckout;
use super::reader::{READERS, Reader};

/// Texts that a file can carry to all readers.
const TEXTS: [&str; 19] = [
    "postgres://app:dev@localhost:5433/shop",
    "http://localhost/?a=b&c=d#e",
    "",
    " # blanks ",
    "say \"hi\"",
    "it's # x",
    "a\\b\\n",
    "100%",
    "jürgen 日本",
    "a|b>c<d(e)*?[f]{g,h}",
    "~/x",
    "`ls`",
    "!x ^y",
    "=a",
    "export",
    "pa$word",
    "pa$$word",
    "${HOME}",
    "x\"$y",
];

/// Reads the file, and compares the texts with those that were meant.
fn check(checkout: &WrittenCheckout, reader: &Reader, db: &str) {
    let read = reader.read(checkout);
    let name = reader.name;
    let of = |variable: &str| read.get(variable).map(String::as_str);
    assert_eq!(of("DB_PORT"), Some(db), "{name}");
    for (index, text) in TEXTS.iter().enumerate() {
        if text.contains('$') && reader.expands_quoted {
            continue;
        }
        let variable = format!("TEXT_{index}");
        assert_eq!(of(&variable), Some(*text), "{name}: {variable}");
    }
    // Lines of the user, before and behind the block.
    let used = if reader.expands { db } else { "${DB_PORT}" };
    assert_eq!(of("USED"), Some(&*format!("localhost:{used}")), "{name}");
    assert_eq!(of("FIRST"), Some("1 # 2"), "{name}");
    assert_eq!(of("LAST"), Some("3"), "{name}");
}

/// Writes a file that had its block at the end, and assigned to its variables.
fn write(checkout: &WrittenCheckout) -> String {
    checkout.declare("db = {}", &TEXTS);
    let db = checkout.run(&["get", "db"]).printed().to_owned();
    let text = "FIRST='1 # 2'\nDB_PORT='5\n6'\nUSED=localhost:${DB_PORT}\nexport TEXT_0=\"it's\"\nLAST=3\n";
    checkout.write(".env", text);
    let write = ["env", "--write", ".env", "--replace"];
    let ran = checkout.run(&write);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let written = fs::read_to_string(checkout.folder.join(".env")).unwrap();
    let [first, block, used] = ["FIRST=", "# >>>", "USED="].map(|it| written.find(it).unwrap());
    assert!(first < block && block < used, "{written}");
    db
}

#[test]
fn sh_and_dotenvy_read_the_variables_as_they_were_meant() {
    let checkout = WrittenCheckout::new();
    let db = write(&checkout);
    for reader in &READERS[..2] {
        check(&checkout, reader, &db);
    }
}

#[test]
#[ignore = "needs the programs that .ci/programs installs"]
fn all_readers_read_the_variables_as_they_were_meant() {
    let checkout = WrittenCheckout::new();
    let db = write(&checkout);
    for reader in &READERS[2..] {
        check(&checkout, reader, &db);
    }
}

#[test]
fn texts_that_readers_see_differently_are_refused_with_the_reason() {
    let checkout = WrittenCheckout::new();
    for (text, reason) in [
        ("it's $x", "it has a `'` beside"),
        ("a\\", "a backslash"),
        ("$(touch x)", "run the command in `$(...)`"),
    ] {
        checkout.declare("", &[text]);
        let ran = checkout.run(&["env", "--write", ".env"]);
        let complaint = ran.complained(1);
        assert!(
            complaint.contains("no quotes carry the value of TEXT_0 to all readers"),
            "{complaint}"
        );
        assert!(complaint.contains(reason), "{complaint}");
        assert!(!checkout.folder.join(".env").exists());
    }
}
