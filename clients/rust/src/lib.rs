//! Take part in an Aether Grid: produce events, follow runs, and serve what others ask for.

mod access;
mod config;
mod error;
mod follow;
mod grid;
pub mod ids;
mod node;
mod registry;
mod run;
mod seen;
mod shape;
pub mod wire;

pub use access::{Access, Token, Tokens};
pub use error::{Error, Refused, Result};
pub use follow::Follow;
pub use grid::{Draft, Grid};
pub use node::{Card, Reply, Work};
pub use registry::{Registry, Schemas};
pub use run::{Answer, Question, Run};
pub use wire::{Event, Place};
