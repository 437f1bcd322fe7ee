//! Variables that the command must not inherit, because another checkout set them.

use std::collections::{BTreeMap, BTreeSet};

use port_registry::Port;

use crate::environment::NAMES_VARIABLE;

/// Variables that are never removed, whatever a list says: without them, hardly a program works.
const KEPT: [&str; 14] = [
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "LANG", "LANGUAGE", "TZ", "PWD", "OLDPWD",
    "TMPDIR", "DISPLAY", "IFS",
];
/// The beginnings of such variables. Those of the registry say where it is.
const KEPT_PREFIXES: [&str; 6] = ["LD_", "DYLD_", "LC_", "XDG_", "SSH_", "PORT_REGISTRY_"];

/// Returns the names of the inherited variables that belong to another run: those in its list, and ports that are
/// allocated to another checkout. `is_of_other` tells if a port is.
///
/// A variable that the user set, such as `SMTP_PORT=25`, is not among them.
pub(super) fn foreign<E>(
    inherited: &BTreeMap<String, String>,
    mut is_of_other: impl FnMut(Port) -> Result<bool, E>,
) -> Result<BTreeSet<String>, E> {
    let list = inherited.get(NAMES_VARIABLE).map_or("", String::as_str);
    let listed = list.split_ascii_whitespace();
    let listed = listed.filter(|it| may_be_removed(it) && inherited.contains_key(*it));
    let mut foreign: BTreeSet<String> = listed.map(str::to_owned).collect();
    let mut known: BTreeMap<Port, bool> = BTreeMap::new();
    for (name, value) in inherited {
        let is_port_name = name == "PORT" || name.ends_with("_PORT");
        let Some(port) = value.parse().ok().filter(|_| is_port_name) else {
            continue;
        };
        if foreign.contains(name) || !may_be_removed(name) {
            continue;
        }
        let is_foreign = match known.get(&port) {
            Some(&known) => known,
            None => is_of_other(port)?,
        };
        known.insert(port, is_foreign);
        if is_foreign {
            foreign.insert(name.clone());
        }
    }
    Ok(foreign)
}

/// Returns true if a variable may be one that a run has set.
fn may_be_removed(name: &str) -> bool {
    let is_name = !name.starts_with(|it: char| it.is_ascii_digit())
        && name
            .bytes()
            .all(|it| it.is_ascii_alphanumeric() || it == b'_');
    let is_kept = KEPT.contains(&name) || KEPT_PREFIXES.iter().any(|it| name.starts_with(it));
    is_name && !is_kept
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::convert::Infallible;

    use port_registry::Port;

    use super::foreign;

    /// The inherited variables that are removed, if the ports from 3000 to 3999 are those of another checkout.
    fn removed(inherited: &[(&str, &str)]) -> Vec<String> {
        let inherited: BTreeMap<String, String> = inherited
            .iter()
            .map(|(name, value)| (String::from(*name), String::from(*value)))
            .collect();
        let is_of_other = |port: Port| Ok::<_, Infallible>((3000..4000).contains(&port.get()));
        foreign(&inherited, is_of_other)
            .unwrap()
            .into_iter()
            .collect()
    }

    #[test]
    fn ports_of_another_checkout_are_removed() {
        let inherited = [
            ("PORT", "3000"),
            ("WEB_PORT", "3001"),
            ("API_PORT", "3001"),
            ("SMTP_PORT", "25"),
            ("DB_PORT", "5432"),
            ("PGPORT", "3000"),
            ("PORTS", "3000"),
            ("WEB_PORT_2", "3000"),
            ("OLD_PORT", "tcp://10.0.0.1:3000"),
            ("BAD_PORT", "93000"),
            ("NO_PORT", ""),
            ("PORT_REGISTRY_PORT", "3000"),
        ];
        assert_eq!(removed(&inherited), ["API_PORT", "PORT", "WEB_PORT"]);
    }

    #[test]
    fn variables_in_the_list_are_removed() {
        let inherited = [
            ("PORT_REGISTRY_VARS", " DATABASE_URL  PGPORT\tGONE\nPORT "),
            ("DATABASE_URL", "postgres://localhost:3001"),
            ("PGPORT", "1"),
            ("PORT", "8080"),
            ("SMTP_PORT", "25"),
        ];
        assert_eq!(removed(&inherited), ["DATABASE_URL", "PGPORT", "PORT"]);
    }

    #[test]
    fn no_list_removes_what_programs_need() {
        let names = [
            "PATH",
            "HOME",
            "TERM",
            "LD_LIBRARY_PATH",
            "LC_ALL",
            "SSH_AUTH_SOCK",
            "PORT_REGISTRY_DB",
            "PORT_REGISTRY_VARS",
            "3D_PORT",
            "A-B",
            "A=B",
            "\u{e9}",
        ];
        let list = names.join(" ");
        let mut inherited = names.map(|it| (it, "3000")).to_vec();
        inherited.push(("PORT_REGISTRY_VARS", &list));
        assert_eq!(removed(&inherited), [""; 0]);
    }

    #[test]
    fn each_port_is_looked_up_once() {
        let inherited = ["A_PORT", "B_PORT", "PORT"].map(|it| (it.to_owned(), "3000".to_owned()));
        let mut count = 0;
        let found = foreign(&BTreeMap::from(inherited), |_| {
            count += 1;
            Ok::<_, Infallible>(true)
        });
        assert_eq!((found.unwrap().len(), count), (3, 1));
    }
}
