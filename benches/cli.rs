//! What a `portctl list` costs as a whole process, beside `curl` of the same answer.
//!
//! A daemon serves ten allocations of a git repository. Each round runs `curl`, `portctl list` with
//! the names given, and `portctl list` that asks git for them, first through the daemon and then in
//! process. What counts are the ratios of the medians.
//!
//! `cargo bench --bench cli [ROUNDS]`, after `cargo build --release`, which builds the daemon.

#[path = "support/report.rs"]
mod report;

use std::error::Error;
use std::ffi::OsStr;
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::report::{median, say};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// How many services there are to list.
const SERVICES: usize = 10;

fn main() -> Result<()> {
    // cargo itself adds `--bench`.
    let rounds = std::env::args()
        .skip(1)
        .find_map(|word| word.parse().ok())
        .unwrap_or(300);
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let machine = Machine::new(folder.path())?;
    machine.portctl(Backend::Daemon, &["start"])?;
    let measured = machine.prepare().and_then(|()| machine.measure(rounds));
    machine.portctl(Backend::Daemon, &["stop"])?;
    measured
}

/// A home folder with a repository in it, and an address for the daemon.
struct Machine<'a> {
    home: &'a Path,
    address: String,
}

/// The way to the registry.
#[derive(Clone, Copy)]
enum Backend {
    Daemon,
    InProcess,
}

impl Machine<'_> {
    fn new(home: &Path) -> Result<Machine<'_>> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let machine = Machine {
            home,
            address: format!("127.0.0.1:{port}"),
        };
        fs::create_dir(home.join("shop"))?;
        run(machine.command("git").args(["init", "-q", "-b", "main"]))?;
        Ok(machine)
    }

    fn prepare(&self) -> Result<()> {
        let services: Vec<String> = (0..SERVICES).map(|number| format!("s{number}")).collect();
        let mut words = vec!["get"];
        words.extend(services.iter().map(String::as_str));
        self.portctl(Backend::Daemon, &words)?;
        Ok(())
    }

    fn measure(&self, rounds: u32) -> Result<()> {
        let named = ["list", "--app", "shop", "--instance", "main"];
        let url = format!(
            "http://{}/v1/allocations?app=shop&instance=main",
            self.address
        );
        let mut curl = Vec::new();
        let mut portctl = [const { Vec::new() }; 4];
        let cases = [
            (
                Backend::Daemon,
                &named[..],
                "through the daemon, names given",
            ),
            (
                Backend::Daemon,
                &["list"],
                "through the daemon, names from git",
            ),
            (Backend::InProcess, &named, "in process, names given"),
            (Backend::InProcess, &["list"], "in process, names from git"),
        ];
        for _ in 0..rounds {
            curl.push(run(self.command("curl").args(["-s", &url]))?);
            for (times, (backend, words, _)) in portctl.iter_mut().zip(cases) {
                times.push(self.portctl(backend, words)?);
            }
        }
        let curl = median(curl);
        say(&format!(
            "curl of the same answer takes {:.1} ms",
            curl * 1e3
        ))?;
        for (times, (_, _, case)) in portctl.into_iter().zip(cases) {
            let time = median(times);
            say(&format!(
                "portctl list, {case}: {:.1} ms, {:.2} x curl",
                time * 1e3,
                time / curl
            ))?;
        }
        Ok(())
    }

    fn portctl(&self, backend: Backend, words: &[&str]) -> Result<f64> {
        let mut command = self.command(env!("CARGO_BIN_EXE_portctl"));
        if matches!(backend, Backend::Daemon) {
            command.env("PORT_REGISTRY_ADDR", &self.address);
        }
        run(command.args(words))
    }

    fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env("HOME", self.home)
            .env_remove("PORT_REGISTRY_ADDR")
            .env_remove("PORT_REGISTRY_DB")
            .env_remove("PORT_REGISTRY_RANGE")
            .current_dir(self.home.join("shop"))
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        command
    }
}

/// How many seconds a command takes, which has to succeed.
fn run(command: &mut Command) -> Result<f64> {
    let start = Instant::now();
    let status = command.status()?;
    let time = start.elapsed().as_secs_f64();
    if status.success() {
        Ok(time)
    } else {
        Err(format!("{command:?}: {status}").into())
    }
}
