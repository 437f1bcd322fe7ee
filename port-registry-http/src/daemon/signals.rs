//! The signals that stop the daemon.

use std::io;

/// The signals that the daemon handles.
pub(super) struct StopSignals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    _hang_up: tokio::signal::unix::Signal,
}

impl StopSignals {
    /// Registers the handlers. Call it within the runtime.
    #[cfg(unix)]
    pub(super) fn register() -> io::Result<StopSignals> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(StopSignals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            // Ignored, so that the terminal that started the daemon can be closed.
            _hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// Registers the handlers. Call it within the runtime.
    #[cfg(not(unix))]
    pub(super) fn register() -> io::Result<StopSignals> {
        Ok(StopSignals {})
    }

    /// Waits for SIGTERM or SIGINT.
    pub(super) async fn received(&mut self) {
        #[cfg(unix)]
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
        #[cfg(not(unix))]
        let _ = tokio::signal::ctrl_c().await;
    }
}
