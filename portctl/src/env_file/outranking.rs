//! Env files that other ones outrank.

/// Returns the names of the files beside a file that win over it where both assign to a variable.
///
/// Two readers are common, and they differ. Vite ("Env Variables and Modes"): "An env file for a specific mode (e.g.
/// `.env.production`) will take higher priority than a generic one (e.g. `.env`)", and `.local` wins within each. Next
/// ("Environment Variable Load Order"): `.env.$(NODE_ENV).local`, `.env.local`, `.env.$(NODE_ENV)`, `.env`.
pub(crate) fn outranking(name: &str) -> &'static [&'static str] {
    match name {
        ".env" => &[".env.local", ".env.development", ".env.development.local"],
        ".env.local" => &[".env.development", ".env.development.local"],
        ".env.development" => &[".env.local", ".env.development.local"],
        _ => &[],
    }
}
