//! What the tests of the binaries share: a machine of their own to run them on.

#![expect(dead_code, reason = "each test file uses its part of it")]

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use port_registry::{Port, Probe, SystemProbe, Verdict};
use tempfile::TempDir;

/// A user that owns nothing.
pub(crate) const NOBODY: u32 = 65534;

/// What `portctl --version` prints.
pub(crate) fn portctl_version() -> String {
    let version = env!("CARGO_PKG_VERSION");
    // Of its build script, which the tests of its package share.
    match (
        option_env!("PORTCTL_COMMIT"),
        option_env!("PORTCTL_COMMIT_DATE"),
    ) {
        (Some(commit), Some(date)) => format!("portctl {version} ({commit} {date})"),
        _ => format!("portctl {version}"),
    }
}

/// A temporary HOME and a folder to work in, both empty at first.
pub(crate) struct Sandbox {
    folder: TempDir,
}

impl Sandbox {
    pub(crate) fn new() -> Sandbox {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("home")).unwrap();
        fs::create_dir(folder.path().join("work")).unwrap();
        Sandbox { folder }
    }

    /// The real path of the folder that holds everything.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap()
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.path().join("home")
    }

    /// Outside of any repository.
    pub(crate) fn work(&self) -> PathBuf {
        self.path().join("work")
    }

    /// The store that everything in the sandbox shares.
    pub(crate) fn store(&self) -> PathBuf {
        self.home().join(".port-registry").join("ports.redb")
    }

    /// A program with nothing of the tester's environment but the PATH, in the work folder.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear();
        for variable in ["PATH", "SystemRoot", "LLVM_PROFILE_FILE"] {
            if let Some(value) = std::env::var_os(variable) {
                command.env(variable, value);
            }
        }
        command
            .env("HOME", self.home())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            // A sandbox may lie in a folder that is itself in a repository.
            .env("GIT_CEILING_DIRECTORIES", self.path())
            .current_dir(self.work())
            .stdin(Stdio::null());
        command
    }

    /// Runs a program to its end.
    pub(crate) fn run(&self, program: impl AsRef<OsStr>, words: &[&str]) -> Ran {
        Ran::of(self.command(program).args(words))
    }

    /// A command that runs what is added to it as a user that owns nothing, which takes root.
    pub(crate) fn as_nobody(&self) -> Command {
        let nobody = NOBODY.to_string();
        let mut command = self.command("setpriv");
        command.args(["--reuid", &nobody, "--regid", &nobody]);
        command.args(["--clear-groups", "--"]);
        command
    }

    /// Runs git in a folder; it must succeed.
    pub(crate) fn git(&self, folder: &Path, words: &[&str]) {
        let ran = Ran::of(
            self.command("git")
                .args([
                    "-c",
                    "user.name=Tester",
                    "-c",
                    "user.email=tester@example.com",
                ])
                .args([
                    "-c",
                    "init.defaultBranch=main",
                    "-c",
                    "protocol.file.allow=always",
                ])
                .args(words)
                .current_dir(folder),
        );
        assert_eq!(ran.code, Some(0), "git {words:?}: {}", ran.stderr);
    }
}

/// A program of the workspace. All of them are built in one folder; a package's tests know where
/// its own is.
#[track_caller]
pub(crate) fn program(name: &str) -> PathBuf {
    let known = option_env!("CARGO_BIN_EXE_portctl").or(option_env!("CARGO_BIN_EXE_port-registry"));
    let program = Path::new(known.unwrap()).with_file_name(name);
    assert!(
        program.exists(),
        "run `cargo test`, which builds {name} too"
    );
    program
}

/// Puts a program in a place of its own. It is copied by a process of its own: a file that this one
/// has open to write is so in what other tests start at that moment, and cannot be run meanwhile.
#[track_caller]
pub(crate) fn install(program: impl AsRef<OsStr>, place: &Path) {
    let mut command = Command::new("install");
    let ran = Ran::of(command.args(["-m", "755"]).arg(program).arg(place));
    assert_eq!(ran.code, Some(0), "{ran:?}");
}

/// The same, of a shell script.
#[track_caller]
pub(crate) fn install_script(script: &str, place: &Path) {
    let draft = place.with_extension("draft");
    fs::write(&draft, script).unwrap();
    install(&draft, place);
    fs::remove_file(draft).unwrap();
}

/// What a program said, and how it ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: Option<i32>,
}

impl Ran {
    pub(crate) fn of(command: &mut Command) -> Ran {
        Ran::from(command.output().unwrap())
    }

    /// What was printed, of a program that must have succeeded and said nothing else.
    #[track_caller]
    pub(crate) fn printed(&self) -> &str {
        assert_eq!((self.code, &*self.stderr), (Some(0), ""), "{self:?}");
        self.stdout.trim_end()
    }

    /// What was complained of, by a program that must have failed and printed nothing.
    #[track_caller]
    pub(crate) fn complained(&self, code: i32) -> &str {
        assert_eq!((self.code, &*self.stdout), (Some(code), ""), "{self:?}");
        self.stderr.trim_end()
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Ran {
        Ran {
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            code: output.status.code(),
        }
    }
}

/// A socket that listens on a port of the system's choice.
pub(crate) fn listener() -> (TcpListener, u16) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

/// A port that nothing listened on a moment ago.
pub(crate) fn free_port() -> u16 {
    listener().1
}

/// The first of some ports in a row that nothing listens on, below the kernel's range for clients:
/// others for each test. Other processes of tests pass them by as long as this one lives.
pub(crate) fn free_block(ports: u16) -> u16 {
    const LARGEST: u16 = 8;
    const BLOCKS: u16 = 1600;
    static TAKEN: Mutex<Vec<File>> = Mutex::new(Vec::new());
    assert!(ports <= LARGEST);
    let locks = folder_of_locks();
    let is_free = |port| SystemProbe.probe(Port::new(port).unwrap()).unwrap() == Verdict::Free;
    // Each process begins somewhere else, to find one soon.
    let start = u16::try_from(std::process::id() % u32::from(BLOCKS)).unwrap();
    for block in (start..BLOCKS).chain(0..start) {
        let first = 19_000 + block * LARGEST;
        let mut options = OpenOptions::new();
        let options = options.write(true).create(true).truncate(false);
        let lock = options.open(locks.join(block.to_string())).unwrap();
        if lock.try_lock().is_ok() && (first..first + ports).all(is_free) {
            TAKEN.lock().unwrap().push(lock);
            return first;
        }
    }
    panic!("no ports are left for tests");
}

/// A folder that all processes of this user's tests share, and nobody else.
fn folder_of_locks() -> PathBuf {
    let own = tempfile::tempdir().unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt, MetadataExt};
        let user = own.path().metadata().unwrap().uid();
        let shared = std::env::temp_dir().join(format!("port-registry-tests-{user}"));
        let _ = fs::DirBuilder::new().mode(0o700).create(&shared);
        let found = fs::symlink_metadata(&shared).unwrap();
        if found.is_dir() && found.uid() == user {
            return shared;
        }
    }
    // Then the tests of this process alone are kept apart.
    own.keep()
}

/// Whether something is there that a test needs of the system, as a command shows by succeeding. A
/// test goes without only where nobody has promised it: in CI it is an error.
#[track_caller]
pub(crate) fn is_to_be_had(what: &str, trial: &mut Command) -> bool {
    let is_there = trial.output().is_ok_and(|output| output.status.success());
    assert!(
        is_there || std::env::var_os("CI").is_none(),
        "{what} is needed"
    );
    if !is_there {
        let _ = writeln!(std::io::stderr(), "skipped: {what} is not to be had here");
    }
    is_there
}

/// How much more than usual is to be done, of what can be done over and over.
pub(crate) fn soak() -> u32 {
    let factor = std::env::var("PORT_REGISTRY_SOAK");
    factor.map_or(1, |factor| factor.parse().unwrap())
}

/// A folder in memory, where there is such a file system: for what does not depend on a disk.
pub(crate) fn folder_in_memory() -> TempDir {
    tempfile::tempdir_in("/dev/shm")
        .or_else(|_| tempfile::tempdir())
        .unwrap()
}

/// Waits for something to come true, for a minute at most.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let give_up = Instant::now() + Duration::from_mins(1);
    while !is_so() {
        assert!(Instant::now() < give_up, "{what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}
