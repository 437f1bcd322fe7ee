//! What the programs do when the system fails them: calls about the store's files fail, or the
//! process is killed at one; the disk is full; the store may not be written, or not even read; hardly
//! a file may be opened; the clock jumps back.
//!
//! Nothing that was acknowledged is ever lost, no answer is wrong, nothing panics, the error says
//! what is the matter, and all works again once the cause is gone.
//!
//! `PORT_REGISTRY_SOAK` of 2 or more makes every call fail, in more ways, instead of a choice of them.

mod calls;
mod clock;
mod descriptors;
mod detection;
mod forbidden;
mod full_disk;
mod injection;
mod served;
mod told;
