//! A git checkout with a declared service.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use test_support::{Ran, Sandbox, free_block, path_with};

use crate::PORTCTL;

pub(super) struct Shop {
    pub(super) sandbox: Sandbox,
    pub(super) root: PathBuf,
    pub(super) port: u16,
}

impl Shop {
    /// Makes a repository whose first commit declares `web`.
    pub(super) fn new() -> Shop {
        let sandbox = Sandbox::in_memory();
        let root = sandbox.work().join("shop");
        fs::create_dir(&root).unwrap();
        let shop = Shop {
            sandbox,
            root,
            port: free_block(2),
        };
        shop.write(
            "portctl.toml",
            &format!("[services]\nweb = {}\n", shop.port),
        );
        shop.git(&["init", "-q", "-b", "main"]);
        shop.git(&["config", "user.name", "Tester"]);
        shop.git(&["config", "user.email", "tester@example.com"]);
        shop.git(&["add", "."]);
        shop.git(&["commit", "-q", "-m", "first"]);
        shop
    }

    pub(super) fn git(&self, words: &[&str]) {
        self.sandbox.git(&self.root, words);
    }

    /// Runs git with portctl in the PATH. Returns its output, and asserts that it succeeds.
    #[track_caller]
    pub(super) fn git_with_portctl(&self, folder: &Path, words: &[&str]) -> Output {
        let path = path_with(&[Path::new(PORTCTL).parent().unwrap()]);
        let mut git = self.sandbox.command("git");
        git.current_dir(folder).args(words);
        git.env("PATH", path);
        let output = git.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        output
    }

    pub(super) fn hook(&self, args: &[&str]) -> Ran {
        self.run_in(&self.root, &[&["hook"], args].concat())
    }

    pub(super) fn run_in(&self, folder: &Path, args: &[&str]) -> Ran {
        let mut command = self.sandbox.command(PORTCTL);
        Ran::of(command.args(args).current_dir(folder))
    }

    /// Sends an event to `portctl hook claude`. Returns what it prints, and asserts that it succeeds.
    #[track_caller]
    pub(super) fn answer(&self, event: &[u8]) -> String {
        let mut command = self.sandbox.command(PORTCTL);
        command.args(["hook", "claude"]).stdin(Stdio::piped());
        let mut running = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        running.stdin.take().unwrap().write_all(event).unwrap();
        let output = running.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
        assert!(output.stderr.is_empty(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    pub(super) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    pub(super) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }
}
