//! The life of the daemon: what it does before and after it serves.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use port_registry::daemon::{DaemonLock, LockError};
use port_registry::{Builder, Error, Listener, Port, Registry};
use thiserror::Error as ThisError;
use tokio::net::{TcpListener, TcpSocket};
use tokio::runtime;
use tokio::task::LocalSet;
use tokio::time::{Instant, sleep};

use crate::api::app_state::AppState;
use crate::daemon::serve;
use crate::limits;
use crate::log;

/// The configuration of a daemon.
#[derive(Debug)]
pub struct Config {
    /// The port to listen on; 0 for any that is free.
    pub port: u16,
    /// Where the process notes its number. The lock that only one daemon can hold is beside it.
    pub pidfile: PathBuf,
    /// The registry to serve.
    pub registry: Builder,
}

/// Why a daemon cannot run.
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum Failure {
    /// The pidfile belongs to another daemon, or cannot be locked.
    #[error(transparent)]
    Lock(#[from] LockError),

    /// No place for the pidfile could be made out.
    #[error("HOME is not an absolute path; set it, or name all files by --db and --pidfile")]
    NoHome,

    /// The store cannot be used.
    #[error(transparent)]
    Registry(#[from] Error),

    /// The port is not to be had.
    #[error("cannot listen on 127.0.0.1:{port}: {cause}{}", by(listener.as_ref()))]
    #[non_exhaustive]
    Bind {
        /// The port.
        port: u16,
        /// The error of the operating system.
        cause: io::Error,
        /// The process that has it.
        listener: Option<Listener>,
    },

    /// The store and the pidfile are to be the same file.
    #[error("{} cannot be both the registry and the pidfile; name another place by --pidfile", path.display())]
    #[non_exhaustive]
    SameFile {
        /// The file.
        path: PathBuf,
    },

    /// Too few files may be open at a time.
    #[error(
        "only {files} files may be open at a time, and a server needs {needed}; raise the limit (ulimit -n)"
    )]
    #[non_exhaustive]
    TooFewFiles {
        /// The limit.
        files: usize,
        /// The least that is needed.
        needed: usize,
    },

    /// The system does not give what a server needs.
    #[error("cannot start: {0}")]
    System(#[from] io::Error),
}

/// Time for which binding a port that is in use is retried.
const BIND_PATIENCE: Duration = Duration::from_secs(3);
const BIND_PAUSE: Duration = Duration::from_millis(50);

/// Time for blocking threads to end when the process ends.
const LAST_READS: Duration = Duration::from_millis(100);

/// Runs the daemon until it is told to stop by SIGTERM or SIGINT.
///
/// ```no_run
/// use port_registry::Registry;
/// use port_registry_http::{Config, run};
///
/// run(Config {
///     port: 0, // any that is free; the log tells which
///     pidfile: "/run/user/1000/ports.pid".into(),
///     registry: Registry::builder().path("/home/me/ports.redb"),
/// })?;
/// # Ok::<(), port_registry_http::Failure>(())
/// ```
///
/// # Errors
///
/// [`Failure`] says why it could not start.
pub fn run(config: Config) -> Result<(), Failure> {
    let connections = connections()?;
    let lock = DaemonLock::take(&config.pidfile)?;
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(limits::BLOCKING_THREADS)
        .thread_keep_alive(Duration::MAX)
        .build()?;
    start_blocking_thread(&runtime)?;
    let signals = {
        let _guard = runtime.enter();
        Signals::new()?
    };
    let registry = open(config.registry, &config.pidfile)?;
    let tasks = LocalSet::new();
    let writer = tasks.block_on(
        &runtime,
        serve_until_stopped(config.port, connections, &lock, registry, signals),
    );
    // Connections that are still there are broken off, and what waits for them is not begun.
    drop(tasks);
    if let Some(writer) = writer? {
        await_end(&writer);
    }
    runtime.shutdown_timeout(LAST_READS);
    log::line(format_args!("port-registry has stopped"));
    log::finish();
    // Last, since who waits for the end waits for the lock.
    drop(lock);
    Ok(())
}

/// Starts the first thread for work that may block; it is kept. While there is one, work waits for it if the
/// system has no further threads. Without one, tokio panics.
fn start_blocking_thread(runtime: &runtime::Runtime) -> io::Result<()> {
    // Tells if there is a thread to be had, which tokio does not.
    let trial = thread::Builder::new().spawn(|| ())?;
    let _ = trial.join();
    runtime.spawn_blocking(|| ());
    Ok(())
}

/// Opens the store, and sees whether it takes writes: a daemon that cannot store anything should say
/// so to whoever starts it.
fn open(builder: Builder, pidfile: &Path) -> Result<Registry, Failure> {
    let registry = builder.open()?;
    if registry.path() == pidfile {
        let path = pidfile.to_owned();
        return Err(Failure::SameFile { path });
    }
    match registry.try_write() {
        // That passes.
        Err(error @ Error::Busy { .. }) => log::line(format_args!("{error}")),
        result => result?,
    }
    Ok(registry)
}

/// Serves until a signal comes. Returns the thread that may still be writing, unless none was started.
async fn serve_until_stopped(
    port: u16,
    connections: usize,
    lock: &DaemonLock,
    registry: Registry,
    mut signals: Signals,
) -> Result<Option<JoinHandle<()>>, Failure> {
    let listener = tokio::select! {
        listener = bind(port) => listener?,
        () = signals.told_to_stop() => return Ok(None),
    };
    let address = listener.local_addr()?;
    let path = registry.path().to_owned();
    let (state, writer) = AppState::start(registry, address.port())?;
    lock.announce(address)?;
    log::line(format_args!(
        "port-registry {} listens on http://{address}, process {}, store {}",
        env!("CARGO_PKG_VERSION"),
        std::process::id(),
        path.display()
    ));
    serve::serve(listener, state, connections, signals.told_to_stop()).await?;
    Ok(Some(writer))
}

/// Listens on the loopback address. A port in use may be that of a daemon that is just ending.
async fn bind(port: u16) -> Result<TcpListener, Failure> {
    let give_up = Instant::now() + BIND_PATIENCE;
    let mut is_told = false;
    loop {
        match try_bind(port) {
            Ok(listener) => return Ok(listener),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && Instant::now() < give_up => {
                if !is_told {
                    log::line(format_args!("waiting for port {port}, which is in use"));
                    is_told = true;
                }
                sleep(BIND_PAUSE).await;
            }
            Err(cause) => {
                let listener = match (cause.kind(), Port::new(port)) {
                    (io::ErrorKind::AddrInUse, Ok(port)) => Some(Listener::find(port)),
                    _ => None,
                };
                return Err(Failure::Bind {
                    port,
                    cause,
                    listener,
                });
            }
        }
    }
}

fn try_bind(port: u16) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    // So that connections of an earlier daemon that linger are no hindrance. On Windows the option
    // means that the port may be taken from its owner.
    if cfg!(unix) {
        socket.set_reuseaddr(true)?;
    }
    // Accepted connections inherit it.
    socket.set_send_buffer_size(limits::SEND_BUFFER)?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    socket.listen(limits::BACKLOG)
}

fn by(listener: Option<&Listener>) -> String {
    match listener {
        None => String::new(),
        Some(listener) if listener.is_known() => {
            format!(", by {listener}; stop it, or name another port by --port")
        }
        Some(_) => {
            "; no process can be seen on it, so it may be a connection that is still closing: try \
                    again, or name another port by --port"
                .to_owned()
        }
    }
}

/// The number of connections there may be, given the number of files this process may have open. Asks for as
/// many as it can use.
fn connections() -> Result<usize, Failure> {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let wanted = (limits::CONNECTIONS + limits::OTHER_FILES) as u64;
        let limit = getrlimit(Resource::Nofile);
        if limit.current.is_some_and(|current| current < wanted) {
            let current = Some(limit.maximum.map_or(wanted, |maximum| maximum.min(wanted)));
            let _ = setrlimit(Resource::Nofile, Rlimit { current, ..limit });
        }
        if let Some(files) = getrlimit(Resource::Nofile).current {
            let files = usize::try_from(files).unwrap_or(usize::MAX);
            let rest = files.saturating_sub(limits::OTHER_FILES);
            if rest == 0 {
                let needed = limits::OTHER_FILES + 1;
                return Err(Failure::TooFewFiles { files, needed });
            }
            return Ok(rest.min(limits::CONNECTIONS));
        }
    }
    Ok(limits::CONNECTIONS)
}

/// Waits for the writer to end, so that the store is closed. If another process keeps the store locked, the
/// writer ends with the process, which is as safe as a kill.
fn await_end(writer: &JoinHandle<()>) {
    const PAUSE: Duration = Duration::from_millis(1);
    let give_up = Instant::now() + limits::LAST_WORK;
    while !writer.is_finished() && Instant::now() < give_up {
        thread::sleep(PAUSE);
    }
}

/// The signals that a daemon gets.
struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    _hang_up: tokio::signal::unix::Signal,
}

impl Signals {
    #[cfg(unix)]
    fn new() -> io::Result<Signals> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            // Taken, so that the terminal it was started from can be closed.
            _hang_up: signal(SignalKind::hangup())?,
        })
    }

    #[cfg(not(unix))]
    fn new() -> io::Result<Signals> {
        Ok(Signals {})
    }

    async fn told_to_stop(&mut self) {
        #[cfg(unix)]
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
        #[cfg(not(unix))]
        let _ = tokio::signal::ctrl_c().await;
    }
}
