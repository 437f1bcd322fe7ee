//! Processes that allocate, move and release until they are killed.

use std::path::Path;
use std::process::Stdio;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use fastrand::Rng;
use serde_json::Value;
use test_support::helper::Helper;
use test_support::torture::{DiaryEntry, RANGE, id_and_port, now};
use test_support::{Sandbox, program};

use super::diary::Diary;
use crate::PORTCTL;

/// The backend of a worker.
#[derive(Clone, Copy, Debug)]
pub(super) enum WorkerKind {
    Library,
    Http,
}

/// Starts and kills a worker repeatedly until the diary is full. Returns the number of kills.
pub(super) fn keep_busy(
    kind: WorkerKind,
    number: u32,
    sandbox: &Sandbox,
    store: &Path,
    diary: &Mutex<Diary>,
) -> u32 {
    let mut random = Rng::with_seed(number.into());
    let mut kills = 0;
    while !diary.lock().unwrap().is_over() {
        let worker = start(kind, number, kills, sandbox, store, diary);
        let lines = kill_after_some_lines(worker, &mut random);
        record(&lines, number, &mut diary.lock().unwrap());
        kills += 1;
    }
    kills
}

/// Starts a worker that takes over the services of its predecessor.
fn start(
    kind: WorkerKind,
    number: u32,
    generation: u32,
    sandbox: &Sandbox,
    store: &Path,
    diary: &Mutex<Diary>,
) -> Helper {
    let backend = match kind {
        WorkerKind::Library => "library",
        WorkerKind::Http => "http",
    };
    let mut command = sandbox.command(program("test-torture-worker"));
    command.arg(store).arg(backend);
    command.args([number.to_string(), generation.to_string()]);
    let mut worker = Helper::spawn(&mut command);
    let (held, uncertain) = diary.lock().unwrap().take_over(number);
    for service in held {
        worker.tell(&format!("held {service}"));
    }
    for service in uncertain {
        worker.tell(&format!("clear {service}"));
    }
    worker.tell("go");
    worker
}

/// Reads a random number of a worker's lines, then kills the worker at a random moment. Returns its lines.
fn kill_after_some_lines(mut worker: Helper, random: &mut Rng) -> Vec<String> {
    // Few lives are long, because a long one takes the time of several kills.
    let most = if random.u8(..8) == 0 { 200 } else { 24 };
    let count = random.usize(..most);
    let mut lines = Vec::new();
    while lines.len() < count
        && let Some(line) = worker.hear()
    {
        lines.push(line);
    }
    // A random delay, so that kills hit different points of an operation.
    thread::sleep(Duration::from_micros(random.u64(..4000)));
    lines.extend(worker.kill());
    lines
}

fn record(lines: &[String], number: u32, diary: &mut Diary) {
    for line in lines {
        if let Some((time, entry)) = line.split_once(' ')
            && let Some(entry) = DiaryEntry::parse(entry)
        {
            diary.record(number, time.parse().unwrap(), entry);
        }
    }
}

/// Allocates, moves and releases with `portctl`, and kills some of the commands, until the diary is full. Returns the
/// number of kills.
pub(super) fn run_commands(
    number: u32,
    sandbox: &Sandbox,
    store: &Path,
    diary: &Mutex<Diary>,
) -> u32 {
    let app = number.to_string();
    let mut random = Rng::with_seed(number.into());
    let mut kills = 0;
    let mut run = |words: &[&str]| {
        let mut command = sandbox.command(PORTCTL);
        command
            .args(words)
            .args(["--app", &app, "--instance", "main", "--json"]);
        command
            .env("PORT_REGISTRY_DB", store)
            .env("PORT_REGISTRY_RANGE", RANGE);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        if random.u8(..3) == 0 {
            thread::sleep(Duration::from_micros(random.u64(..25_000)));
            let _ = child.kill();
            kills += 1;
        }
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        if stderr.contains("has no port") || stderr.contains("has released them already") {
            return Some(Value::Null);
        }
        // The deadline of `portctl` is short among so many writers.
        let is_busy = stderr.contains("is busy");
        assert!(is_busy || stderr.is_empty(), "{words:?}: {stderr}");
        // Printed output is an acknowledgement, even from a command that was killed afterwards.
        serde_json::from_slice::<Value>(&output.stdout).ok()
    };
    let record = |entry| diary.lock().unwrap().record(number, now(), entry);
    for count in 0.. {
        if diary.lock().unwrap().is_over() {
            break;
        }
        let service = format!("service-{count}");
        record(DiaryEntry::Allocating {
            service: service.clone(),
        });
        if let Some(allocation) = run(&["allocate", "--service", &service]) {
            let (id, port) = id_and_port(&allocation);
            record(DiaryEntry::Allocated { service, id, port });
        }
        if count % 5 == 0
            && let Some(listed) = run(&["list"])
        {
            let listed = listed.as_array().unwrap();
            let rows = listed.iter().map(id_and_port).collect();
            record(DiaryEntry::Listed { rows });
        }
        let (held, uncertain) = diary.lock().unwrap().take_over(number);
        if count % 4 == 1
            && let Some(service) = held.last().cloned()
        {
            record(DiaryEntry::Moving {
                service: service.clone(),
            });
            if let Some(moved) = run(&["move", "--service", &service]) {
                let (id, port) = id_and_port(&moved);
                record(DiaryEntry::Moved { service, id, port });
            }
            continue;
        }
        let is_due = held.len() >= 20 || count % 3 == 0;
        for service in held.into_iter().take(usize::from(is_due)) {
            record(DiaryEntry::Releasing {
                service: service.clone(),
            });
            if run(&["release", "--service", &service]).is_some() {
                record(DiaryEntry::Released { service });
            }
        }
        for service in uncertain {
            let listed = run(&["list", "--service", &service]);
            let is_gone = listed.and_then(|listed| Some(listed.as_array()?.is_empty()));
            if is_gone == Some(true) || run(&["release", "--service", &service]).is_some() {
                record(DiaryEntry::Released { service });
            }
        }
    }
    kills
}
