//! Measures `portctl list` as a whole process, compared with `curl` of the same response.
//!
//! A daemon serves a hundred allocations of a git repository, none of which has a listener. Each round runs
//! `curl`, and `portctl list` and `portctl get` of a service that exists, with the labels given and with those
//! of the checkout, first through the daemon and then in process. The ratios of the medians are what counts: to
//! `curl`, of a command in its checkout to the same with the labels given, and of a list with the states of its
//! services to one without, as `portctl export` prints it. `portctl run` of one service is compared with its command alone,
//! which does nothing.
//!
//! `cargo bench --bench cli [ROUNDS]`, after `cargo build --release`, which builds the daemon.

#[path = "support/report.rs"]
mod report;

use std::ffi::OsStr;
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::report::{BenchResult, median, print_line};

/// Number of services in the list.
const SERVICES: usize = 100;

fn main() -> BenchResult<()> {
    // cargo adds `--bench`, which is not a number.
    let rounds = std::env::args()
        .skip(1)
        .find_map(|word| word.parse().ok())
        .unwrap_or(300);
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let home = BenchHome::new(folder.path())?;
    home.portctl(Via::Daemon, &["start"])?;
    let measured = home.prepare().and_then(|()| home.measure(rounds));
    home.portctl(Via::Daemon, &["stop"])?;
    measured
}

/// A home folder with a repository in it, and an address for the daemon.
struct BenchHome<'a> {
    home: &'a Path,
    address: String,
}

/// The way to the registry.
#[derive(Clone, Copy)]
enum Via {
    Daemon,
    InProcess,
}

impl BenchHome<'_> {
    fn new(home: &Path) -> BenchResult<BenchHome<'_>> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let bench = BenchHome {
            home,
            address: format!("127.0.0.1:{port}"),
        };
        fs::create_dir(home.join("shop"))?;
        run(bench.command("git").args(["init", "-q", "-b", "main"]))?;
        Ok(bench)
    }

    fn prepare(&self) -> BenchResult<()> {
        let services: Vec<String> = (0..SERVICES).map(|number| format!("s{number}")).collect();
        let mut words = vec!["get"];
        words.extend(services.iter().map(String::as_str));
        self.portctl(Via::Daemon, &words)?;
        Ok(())
    }

    fn measure(&self, rounds: u32) -> BenchResult<()> {
        let named = ["list", "--app", "shop", "--instance", "main"];
        let get = ["get", "s0"];
        let get_named = ["get", "s0", "--app", "shop", "--instance", "main"];
        let url = format!("http://{}/v1/status?app=shop&instance=main", self.address);
        let mut curl = Vec::new();
        let mut with_states = Vec::new();
        let mut without_states = Vec::new();
        let mut commands = Vec::new();
        let mut runs = Vec::new();
        let mut portctl = [const { Vec::new() }; 8];
        let cases = [
            (Via::Daemon, &named[..], "list through the daemon"),
            (Via::Daemon, &["list"], "list through the daemon"),
            (Via::InProcess, &named, "list in process"),
            (Via::InProcess, &["list"], "list in process"),
            (Via::Daemon, &get_named, "get through the daemon"),
            (Via::Daemon, &get, "get through the daemon"),
            (Via::InProcess, &get_named, "get in process"),
            (Via::InProcess, &get, "get in process"),
        ];
        for _ in 0..rounds {
            curl.push(run(self.command("curl").args(["-s", &url]))?);
            let all = ["list", "--all", "--json"];
            with_states.push(self.portctl(Via::InProcess, &all)?);
            without_states.push(self.portctl(Via::InProcess, &["export"])?);
            commands.push(run(&mut self.command("true"))?);
            runs.push(self.portctl(Via::InProcess, &["run", "s0", "--", "true"])?);
            for (times, (via, words, _)) in portctl.iter_mut().zip(cases) {
                times.push(self.portctl(via, words)?);
            }
        }
        let curl = median(curl);
        print_line(&format!(
            "curl of the same answer takes {:.1} ms",
            curl * 1e3
        ))?;
        let (with, without) = (median(with_states), median(without_states));
        print_line(&format!(
            "portctl list of {SERVICES} with states: {:.1} ms, {:.2} x the same without",
            with * 1e3,
            with / without
        ))?;
        let added = median(runs) - median(commands);
        let times = portctl.map(median);
        let [.., get] = times;
        print_line(&format!(
            "portctl run of one service: {:.1} ms more than the command alone; portctl get of it: {:.1} ms",
            added * 1e3,
            get * 1e3
        ))?;
        for (times, cases) in times.chunks_exact(2).zip(cases.chunks_exact(2)) {
            let ([named, own], [(_, _, case), _]) = (times, cases) else {
                continue;
            };
            print_line(&format!(
                "portctl {case}: labels given {:.1} ms, {:.2} x curl; of the checkout {:.1} ms, {:.2} x labels given",
                named * 1e3,
                named / curl,
                own * 1e3,
                own / named
            ))?;
        }
        Ok(())
    }

    fn portctl(&self, via: Via, words: &[&str]) -> BenchResult<f64> {
        let mut command = self.command(env!("CARGO_BIN_EXE_portctl"));
        if matches!(via, Via::Daemon) {
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

/// Returns the seconds that a command takes. Returns an error if it fails.
fn run(command: &mut Command) -> BenchResult<f64> {
    let start = Instant::now();
    let status = command.status()?;
    let time = start.elapsed().as_secs_f64();
    if status.success() {
        Ok(time)
    } else {
        Err(format!("{command:?}: {status}").into())
    }
}
