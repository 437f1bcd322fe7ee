//! The kinds of evidence for the checkout of a process.

/// The evidence that names the checkout of a [`Listener`](crate::Listener), in the order in which it decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum CheckoutEvidence {
    /// The variable `PORT_REGISTRY_CHECKOUT` in the environment of the process.
    Variable,
    /// The label of its container, or of the container that it forwards to.
    Container,
    /// Its working folder.
    Folder,
    /// The working folder of a process that it descends from.
    Ancestor,
    /// Evidence that only a later version of this library knows.
    #[cfg_attr(feature = "serde", serde(other))]
    Other,
}
