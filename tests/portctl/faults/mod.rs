//! Tests of the programs while the system fails.
//!
//! System calls on the store's files fail, or the process is killed or stopped at one. The disk is full. The store cannot
//! be written or read. The process can open only a few files. The clock jumps back.
//!
//! In each case, no acknowledged change is lost, no answer is wrong, nothing panics, the error names the
//! cause, and the programs work again once the cause is gone.
//!
//! By default, only a sample of the calls fails. With `PORT_REGISTRY_SOAK` of 2 or more, every call fails, with
//! more kinds of errors.

mod calls;
mod clock;
mod descriptors;
mod detection;
mod forbidden;
mod full_disk;
mod injection;
mod observed;
mod served;
mod stopped;
mod write_command;
