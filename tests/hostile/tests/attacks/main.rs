//! Hostile clients: memory stays bounded, each gets a status or a closed connection, and others are served
//! as before.
//!
//! Every test has a server of its own, in another process.

#![cfg(target_os = "linux")]

mod bombs;
mod connections;
mod http2;
mod messages;
mod readers;
mod senders;
mod victim;
