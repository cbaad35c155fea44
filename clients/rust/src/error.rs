//! Everything this client returns instead of what it was asked for.

use std::fmt;

pub type Result<T> = std::result::Result<T, Error>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// Kafka refuses these credentials, or what they may do, or nobody vouches for it; to try again
    /// does not help.
    Denied(String),
    /// A broker or the registry did not answer; nothing was written.
    Unreachable(String),
    /// An event was sent and not acknowledged in time: it may or may not be in the log.
    Unknown(String),
    /// What was waited for did not come in time.
    TimedOut(String),
    /// A value does not fit its schema, or is too large, or bytes are not what their schema says.
    BadEvent(String),
    /// The grid says no.
    Refused(Refused),
    /// A run ended without an answer.
    RunFailed(Refused),
}

/// The answer no: a code, and words. A handler returns it to refuse what it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    pub reason: String,
    pub detail: String,
}

impl Refused {
    pub fn new(reason: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { reason: reason.into(), detail: detail.into() }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        write!(out, "{}: {}", self.reason, self.detail)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Denied(what) => write!(out, "denied: {what}"),
            Self::Unreachable(what) => write!(out, "unreachable: {what}"),
            Self::Unknown(what) => write!(out, "not acknowledged in time: {what}"),
            Self::TimedOut(what) => write!(out, "timed out: {what}"),
            Self::BadEvent(what) => write!(out, "bad event: {what}"),
            Self::Refused(no) => write!(out, "refused: {no}"),
            Self::RunFailed(no) => write!(out, "the run failed: {no}"),
        }
    }
}

impl std::error::Error for Refused {}
impl std::error::Error for Error {}
