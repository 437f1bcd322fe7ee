//! The daemon's page in Chromium.

mod browser;
mod hostile;
mod layout;
mod living;
mod release;
mod scene;
mod trouble;
