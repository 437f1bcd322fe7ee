//! Three worktrees of one project with a web server, an API and a database: all of them run at once.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::outcome::Started;
use super::project::Project;
use test_support::{Ran, free_block};

const SERVICES: usize = 3;

/// A project with two linked worktrees.
struct Shop {
    project: Project,
    /// The main checkout, and its worktrees.
    checkouts: [PathBuf; 3],
    /// The first of the ports that the project file names.
    preferred: u16,
    /// The ports that the worktrees get.
    others: String,
}

impl Shop {
    fn new() -> Shop {
        let project = Project::without_ports("monorepo");
        let sandbox = &project.sandbox;
        let (preferred, others) = (free_block(3), free_block(6));
        let main = sandbox.work();
        let declared = main.join("portctl.toml");
        let mut text = fs::read_to_string(&declared).unwrap();
        for (usual, port) in ["5173", "4000", "6379"].into_iter().zip(preferred..) {
            assert!(text.contains(usual));
            text = text.replace(usual, &port.to_string());
        }
        fs::write(declared, text).unwrap();
        for words in [
            &["init", "--quiet", "--initial-branch=main"][..],
            &["add", "."],
            &["commit", "--quiet", "--message=Sell things"],
            &["worktree", "add", "--quiet", "../cart"],
            &["worktree", "add", "--quiet", "../search"],
        ] {
            sandbox.git(&main, words);
        }
        let beside = |name| sandbox.path().join(name);
        Shop {
            checkouts: [main.clone(), beside("cart"), beside("search")],
            project,
            preferred,
            others: format!("{others}-{}", others + 5),
        }
    }

    /// Prepares `portctl` in a folder.
    fn portctl(&self, folder: &Path, words: &[&str]) -> Command {
        let mut command = self.project.portctl(words);
        command.current_dir(folder);
        if !folder.starts_with(&self.checkouts[0]) {
            command.env("PORT_REGISTRY_RANGE", &self.others);
        }
        command
    }

    fn printed(&self, folder: &Path, words: &[&str]) -> String {
        let ran = Ran::of(&mut self.portctl(folder, words));
        assert_eq!(
            (ran.code, &*ran.stderr),
            (Some(0), ""),
            "{words:?}: {ran:?}"
        );
        ran.stdout
    }

    /// Starts a service of a checkout.
    fn start(&self, folder: &Path, service: &str, command: &[&str]) -> Started {
        let words = [&["run", service, "--"], command].concat();
        Started::new(&self.project, &mut self.portctl(folder, &words))
    }

    /// Brings a checkout up, as a developer does after `git worktree add`.
    fn bring_up(&self, checkout: &Path) -> Vec<Started> {
        self.printed(checkout, &["sync"]);
        let database = &["redis-server", "--port", "{port}", "--save", ""];
        let database = self.start(checkout, "db", database);
        self.printed(checkout, &["wait", "db"]);
        let api = self.start(&checkout.join("api"), "api", &["npm", "run", "dev"]);
        let web = self.start(&checkout.join("web"), "web", &["npm", "run", "dev"]);
        vec![web, api, database]
    }

    /// Follows the page to its API, as a browser does, and returns the answer: the checkout that the database knows.
    fn checkout_behind(&self, checkout: &Path) -> PathBuf {
        let web = self.printed(checkout, &["url", "web"]);
        let script = self.fetch(&format!("{}/main.js", web.trim_end()));
        let (_, value) = script.split_once(r#""VITE_API_URL": ""#).unwrap();
        let (api, _) = value.split_once('"').unwrap();
        self.fetch(&format!("{api}/checkout")).into()
    }

    fn fetch(&self, url: &str) -> String {
        let mut curl = self.project.sandbox.command("curl");
        let ran = Ran::of(curl.args(["--silent", "--show-error", "--fail", url]));
        assert_eq!(ran.code, Some(0), "{url}: {ran:?}");
        ran.stdout
    }
}

/// Returns the names in a folder.
fn entries(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries
        .map(|it| it.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[test]
#[ignore = "needs the programs that .ci/programs installs"]
fn three_worktrees_run_at_once_and_each_talks_to_itself_alone() {
    let shop = Shop::new();
    let [main, cart, search] = &shop.checkouts;
    let before = entries(&shop.project.sandbox.path());
    let servers: Vec<Started> = shop
        .checkouts
        .iter()
        .flat_map(|it| shop.bring_up(it))
        .collect();
    for checkout in &shop.checkouts {
        shop.printed(checkout, &["wait"]);
        shop.printed(checkout, &["wait", "web", "api", "--http", "/checkout"]);
    }
    for checkout in &shop.checkouts {
        assert_eq!(&shop.checkout_behind(checkout), checkout);
    }
    let listed = shop.printed(main, &["list", "--all", "--json"]);
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    let listed = listed.as_array().unwrap();
    assert_eq!(listed.len(), SERVICES * shop.checkouts.len(), "{listed:?}");
    assert!(listed.iter().all(|it| it["state"] == "up"), "{listed:?}");
    let ports = shop.printed(main, &["get"]);
    let preferred: Vec<String> = (shop.preferred..)
        .take(SERVICES)
        .map(|it| it.to_string())
        .collect();
    assert_eq!(ports.lines().collect::<Vec<_>>(), preferred);

    // No process is left.
    drop(servers);
    for worktree in [cart, search] {
        let worktree = worktree.to_str().unwrap();
        let sandbox = &shop.project.sandbox;
        sandbox.git(main, &["worktree", "remove", "--force", worktree]);
    }
    let pruned = shop.printed(main, &["prune", "--yes"]);
    assert_eq!(pruned.lines().count(), 2 * SERVICES, "{pruned}");
    let released = Ran::of(&mut shop.portctl(main, &["release"]));
    assert_eq!(released.code, Some(0), "{released:?}");
    for file in [".env", "web/.env.local"] {
        let kept = fs::read_to_string(main.join(file)).unwrap_or_default();
        assert!(!kept.contains('='), "{file} keeps {kept}");
    }
    assert_eq!(shop.printed(main, &["list", "--all", "--json"]), "[]\n");
    let after = entries(&shop.project.sandbox.path());
    let gone = BTreeSet::from(["cart".to_owned(), "search".to_owned()]);
    assert_eq!(after, &before - &gone);
    let registry = entries(&shop.project.sandbox.home().join(".port-registry"));
    let files = ["ports.redb", "ports.redb.journal", "ports.redb.lock"];
    assert_eq!(registry, BTreeSet::from(files.map(str::to_owned)));
}
