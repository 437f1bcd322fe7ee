//! Runs the daemon: starts its parts, serves until a signal, and ends its parts in order.

use std::io;
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use port_registry::daemon::{AllowedUsers, DaemonLock, full_message, socket_of};
use port_registry::{Builder, Error, Registry};
use tokio::runtime::{self, Runtime};
use tokio::task::LocalSet;

use super::config::Config;
use super::entrance::Entrance;
use super::error::DaemonError;
use super::log_file;
use super::open_files::max_connections;
use super::serve::serve;
use super::signals::StopSignals;
use crate::api::app_state::AppState;
use crate::clock;
use crate::connection::user_check::UserCheck;
use crate::host_names::HostNames;
use crate::limits;
use crate::log::{self, OriginalStderr};

/// Runs the daemon until SIGTERM or SIGINT.
///
/// SIGHUP is ignored. Call it on a thread without a tokio runtime.
///
/// ```no_run
/// use port_registry::Registry;
/// use port_registry_http::{AllowedUsers, Config, HostNames, run};
///
/// run(Config {
///     port: 0, // any free port; the log names it
///     pidfile: "/run/user/1000/ports.pid".into(),
///     registry: Registry::builder().with_path("/home/me/ports.redb"),
///     log: None, // standard error
///     users: AllowedUsers::default(),
///     hosts: HostNames::default(),
/// })?;
/// # Ok::<(), port_registry_http::DaemonError>(())
/// ```
///
/// # Errors
///
/// - [`Lock`](DaemonError::Lock) if another daemon runs for this pidfile, or the pidfile cannot be written
/// - [`Registry`](DaemonError::Registry) or [`SameFile`](DaemonError::SameFile) if the store cannot be opened
/// - [`Log`](DaemonError::Log) or [`LogTaken`](DaemonError::LogTaken) if the log's file cannot be used
/// - [`PortInUse`](DaemonError::PortInUse), [`MayNotBind`](DaemonError::MayNotBind) or [`Bind`](DaemonError::Bind) if
///   the daemon cannot listen on the port
/// - [`SocketTaken`](DaemonError::SocketTaken) if another program or file has the path of the Unix socket
/// - [`TooFewFiles`](DaemonError::TooFewFiles) or [`System`](DaemonError::System) if the system denies resources
/// - [`Clock`](DaemonError::Clock) if the clock shows a time that HTTP cannot express
pub fn run(config: Config) -> Result<(), DaemonError> {
    let max_connections = max_connections()?;
    let lock = DaemonLock::take(&config.pidfile)?;
    let stderr = log_file::redirect(&config)?;
    let result = run_locked(config, &lock, max_connections);
    if let Err(error) = &result
        && stderr.as_ref().is_some_and(OriginalStderr::is_elsewhere)
    {
        // The caller writes it to the original standard error.
        log::line(format_args!("error: {}", full_message(error)));
    }
    log::finish();
    drop(stderr);
    // Last, because whoever waits for the end of the daemon waits for the lock.
    drop(lock);
    result
}

fn run_locked(
    config: Config,
    lock: &DaemonLock,
    max_connections: usize,
) -> Result<(), DaemonError> {
    if !clock::is_in_range() {
        return Err(DaemonError::Clock);
    }
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(limits::BLOCKING_THREADS)
        .thread_keep_alive(Duration::MAX)
        .build()?;
    start_blocking_thread(&runtime)?;
    let signals = {
        let _guard = runtime.enter();
        StopSignals::register()?
    };
    let registry = open(config.registry, &config.pidfile)?;
    let access = Access {
        port: config.port,
        socket: socket_of(&config.pidfile),
        max_connections,
        users: config.users,
        hosts: config.hosts,
    };
    let tasks = LocalSet::new();
    let served = tasks.block_on(
        &runtime,
        serve_until_stopped(access, lock, registry, signals),
    );
    // Closes the remaining connections, and cancels the work they wait for unless it has begun.
    drop(tasks);
    if let Some(Served { entrance, writer }) = served? {
        await_end(&writer);
        // Withdraw first, so that nobody else can listen at the address that the lock names.
        lock.withdraw();
        drop(entrance);
    }
    runtime.shutdown_timeout(limits::LAST_READS);
    log::line(format_args!("port-registry has stopped"));
    Ok(())
}

/// Starts the first blocking thread, which the runtime keeps. While there is one, work waits for it if the
/// system has no further threads. Without one, tokio panics.
fn start_blocking_thread(runtime: &Runtime) -> io::Result<()> {
    // Unlike tokio, the standard library reports a missing thread as an error.
    let trial = thread::Builder::new().spawn(|| ())?;
    let _ = trial.join();
    runtime.spawn_blocking(|| ());
    Ok(())
}

/// Opens the store and writes to it, so that a daemon that cannot store anything fails at its start.
fn open(builder: Builder, pidfile: &Path) -> Result<Registry, DaemonError> {
    let registry = builder.open()?;
    if registry.path() == pidfile {
        let path = pidfile.to_owned();
        return Err(DaemonError::SameFile { path });
    }
    match registry.try_write() {
        // Another process writes at the moment, which is no reason to fail.
        Err(error @ Error::Busy { .. }) => log::line(format_args!("{error}")),
        result => result?,
    }
    Ok(registry)
}

/// The addresses of the daemon, and the clients that may use them.
struct Access {
    port: u16,
    socket: PathBuf,
    max_connections: usize,
    users: AllowedUsers,
    hosts: HostNames,
}

/// The parts of a daemon that outlive its requests.
struct Served {
    /// The sockets, which keep others from listening there.
    entrance: Entrance,
    /// The thread that may still be writing.
    writer: JoinHandle<()>,
}

/// Serves until a signal. Returns `None` if the signal came before it began.
async fn serve_until_stopped(
    access: Access,
    lock: &DaemonLock,
    registry: Registry,
    mut signals: StopSignals,
) -> Result<Option<Served>, DaemonError> {
    let entrance = tokio::select! {
        entrance = Entrance::open(access.port, &access.socket) => entrance?,
        () = signals.received() => return Ok(None),
    };
    let users = UserCheck::new(access.users.clone());
    let address = entrance.address;
    let path = registry.path().to_owned();
    let (state, writer) = AppState::start(registry, address.port(), access.hosts, access.users)?;
    lock.announce(address)?;
    log::line(format_args!(
        "port-registry {} listens on http://{address}, process {}, store {}",
        env!("CARGO_PKG_VERSION"),
        std::process::id(),
        path.display()
    ));
    if !entrance.others.is_empty() {
        log::line(format_args!(
            "it also listens on {}",
            entrance.others.join(" and ")
        ));
    }
    let stop = signals.received();
    serve(
        &entrance.listeners,
        state,
        users,
        access.max_connections,
        stop,
    )
    .await?;
    Ok(Some(Served { entrance, writer }))
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
