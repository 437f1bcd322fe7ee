//! A project of one checkout, with and without `portctl compose`.

use std::collections::BTreeMap;
use std::path::Path;

use super::checkouts::{CONFIG, Checkouts, printed_project};
use super::difference::Printed;
use test_support::Ran;

/// A project as Compose prints it with and without `portctl compose`.
#[derive(Debug)]
pub(super) struct Compared {
    pub(super) plain: Printed,
    pub(super) changed: Printed,
}

impl Compared {
    /// Starts Compose by `portctl compose up`, and asks Compose for the project with the options and the environment that
    /// it got.
    pub(super) fn of(
        checkouts: &Checkouts,
        checkout: &Path,
        plain: Printed,
    ) -> Result<Compared, String> {
        let words = ["up", "--detach"];
        let ran = Ran::of(&mut checkouts.portctl_compose(checkout, &words));
        let calls = checkouts.engine.calls();
        let [call] = &calls[..] else {
            return Err(format!("called {calls:?}: {ran:?}"));
        };
        let Some(globals) = call.words.strip_suffix(&words.map(ToOwned::to_owned)) else {
            return Err(format!("called {call:?}"));
        };
        let mut compose = checkouts.sandbox.command("docker");
        compose
            .env_clear()
            .envs(&call.environment)
            .current_dir(&call.folder)
            .args(globals)
            .args(CONFIG);
        let changed = printed_project(&mut compose).map_err(|it| format!("{it} of {call:?}"))?;
        checkouts.expect_unchanged(checkout);
        Ok(Compared { plain, changed })
    }

    /// Prints the override, and asks Compose for the project by `portctl compose config`.
    pub(super) fn by_print(
        checkouts: &Checkouts,
        checkout: &Path,
        plain: Printed,
    ) -> Result<Compared, String> {
        let ran = Ran::of(&mut checkouts.portctl_compose(checkout, &["--print"]));
        if ran.code != Some(0) {
            return Err(format!("--print: {ran:?}"));
        }
        let changed = printed_project(&mut checkouts.portctl_compose(checkout, &CONFIG));
        let changed = changed.map_err(|it| format!("{it}\nwith\n{}", ran.stdout))?;
        checkouts.expect_unchanged(checkout);
        Ok(Compared { plain, changed })
    }

    /// Checks that a main checkout stays as it is, also where several services want one port, as variants in other profiles do.
    pub(super) fn check_main(&self) -> Result<(), String> {
        same(&self.plain.differences(&self.changed))
    }

    /// Checks that a linked worktree differs only in host ports, container names and the project's name.
    pub(super) fn check_linked(&self) -> Result<(), String> {
        same(&self.plain.other_differences(&self.changed))?;
        let named = self.changed.container_names();
        if !named.is_empty() {
            return Err(format!("container names of {named:?}"));
        }
        let [old, new] = [&self.plain, &self.changed].map(Printed::host_ports);
        if !old.keys().eq(new.keys()) {
            return Err(format!("host ports {new:?} instead of {old:?}"));
        }
        // Several entries may publish one number, on other addresses or in other profiles.
        let mut moved: BTreeMap<u16, u16> = BTreeMap::new();
        for (place, range) in &old {
            let new = new[place].clone();
            if new.len() != range.len() {
                return Err(format!("{place:?} is {new:?} instead of {range:?}"));
            }
            for (old, new) in range.clone().zip(new) {
                let known = *moved.entry(old).or_insert(new);
                if known != new {
                    return Err(format!("{place:?} has {new} for {old}, and not {known}"));
                }
            }
        }
        let mut owners = BTreeMap::new();
        for (wanted, port) in moved {
            if let Some(other) = owners.insert(port, wanted) {
                return Err(format!("{wanted} and {other} share {port}"));
            }
        }
        Ok(())
    }

    /// Checks that two checkouts have no host port in common.
    pub(super) fn check_apart(&self, other: &Compared) -> Result<(), String> {
        let [ours, theirs] = [self, other].map(|it| it.changed.host_ports());
        let mut ours = ours.values().flat_map(Clone::clone);
        let shared = ours.find(|port| theirs.values().any(|it| it.contains(port)));
        shared.map_or(Ok(()), |port| Err(format!("two checkouts share {port}")))
    }
}

fn same(differences: &[String]) -> Result<(), String> {
    if differences.is_empty() {
        return Ok(());
    }
    Err(format!("differs:\n  {}", differences.join("\n  ")))
}
