//! The command `lockwright`: arguments in, files and a few words out.
//!
//! What decides anything is in the library `lockwright`; here are the file system, the network,
//! the clock and the terminal.

pub mod arguments;
pub mod cache;
pub mod commands;
pub mod credentials;
mod git;
pub mod lockfile;
pub mod output;
pub mod progress;
pub mod project;
pub mod report;
pub mod retry;
pub mod session;
pub mod transport;
pub mod unified;
