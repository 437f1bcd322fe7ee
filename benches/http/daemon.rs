//! The daemon that is measured.

use std::fs;
use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::client::HttpClient;
use crate::report::BenchResult;

/// A process of the daemon, which is killed when this is dropped.
pub(crate) struct DaemonProcess {
    child: Child,
    address: SocketAddr,
    pub(crate) store: PathBuf,
}

impl DaemonProcess {
    pub(crate) fn start(home: &Path) -> BenchResult<DaemonProcess> {
        fs::create_dir_all(home)?;
        let mut child = Command::new(env!("CARGO_BIN_EXE_port-registry"))
            .args(["--port", "0"])
            .env("HOME", home)
            .env_remove("PORT_REGISTRY_DB")
            .env_remove("PORT_REGISTRY_RANGE")
            .stderr(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        let stderr = child
            .stderr
            .take()
            .ok_or("the daemon has no standard error")?;
        BufReader::new(stderr).read_line(&mut line)?;
        let (_, rest) = line.split_once("http://").ok_or(line.clone())?;
        let address = rest.split(',').next().unwrap_or(rest).parse()?;
        let store = home.join(".port-registry/ports.redb");
        Ok(DaemonProcess {
            child,
            address,
            store,
        })
    }

    pub(crate) fn client(&self) -> io::Result<HttpClient> {
        HttpClient::connect(self.address)
    }

    /// Returns a field of the kernel's status of the process, such as its resident memory.
    pub(crate) fn status(&self, field: &str) -> String {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix(field));
        line.map_or("unknown".to_owned(), |line| line.trim().to_owned())
    }

    /// Stops the daemon, and waits until it has ended.
    pub(crate) fn stop(mut self) -> BenchResult<()> {
        let id = self.child.id().to_string();
        Command::new("kill").arg(id).status()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for DaemonProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
