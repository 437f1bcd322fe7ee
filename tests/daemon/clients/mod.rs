//! Programs of other languages as clients. `.ci/programs` installs them, and tests/programs/clients has their scripts.

mod program;
mod sessions;
mod users;
