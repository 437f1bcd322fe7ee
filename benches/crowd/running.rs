//! The processes that the benchmark starts.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::report::BenchResult;

/// A process that is killed when this is dropped.
pub(crate) struct Running(pub(crate) Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A daemon that serves the store of a home, on any free port.
pub(crate) struct IdleDaemon {
    _running: Running,
}

impl IdleDaemon {
    pub(crate) fn start(home: &Path) -> BenchResult<IdleDaemon> {
        let program = Path::new(env!("CARGO_BIN_EXE_portctl")).with_file_name("port-registry");
        let mut command = Command::new(program);
        let command = command.args(["--port", "0"]).env("HOME", home);
        let mut child = command.stderr(Stdio::piped()).spawn()?;
        let stderr = child.stderr.take();
        let running = Running(child);
        let mut line = String::new();
        BufReader::new(stderr.ok_or("the daemon has no standard error")?).read_line(&mut line)?;
        if !line.contains("listens") {
            return Err(line.into());
        }
        Ok(IdleDaemon { _running: running })
    }
}

/// Makes a command that gets a port for a new service, without git.
pub(crate) fn portctl_get(home: &Path, number: usize) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portctl"));
    command
        .args(["get", "--app", "crowd", "--instance", "main"])
        .arg(format!("service-{number}"))
        .env("HOME", home)
        .env_remove("PORT_REGISTRY_ADDR")
        .env_remove("PORT_REGISTRY_DB")
        .env_remove("PORT_REGISTRY_RANGE")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}
