//! Events as they come, each once.

use std::time::{Duration, Instant};

use crate::access::{poll, Reader};
use crate::error::{Error, Result};
use crate::grid::Grid;
use crate::seen::Seen;
use crate::wire::Event;

/// Events as they come.
pub struct Follow<'a> {
    grid: &'a Grid,
    reader: Reader,
    deadline: Option<Instant>,
    seen: Seen,
}

impl<'a> Follow<'a> {
    pub(crate) fn new(grid: &'a Grid, reader: Reader, timeout: Duration) -> Self {
        let deadline = Some(Instant::now() + timeout);
        Self { grid, reader, deadline, seen: Seen::default() }
    }
}

impl Iterator for Follow<'_> {
    type Item = Result<Event>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.deadline? > Instant::now() {
            let event = match poll(&self.reader) {
                Ok(None) => continue,
                Ok(Some(message)) => self.grid.read(&message),
                Err(error) => Err(error),
            };
            match event {
                Ok(event) if self.seen.first(&event.place.event_id) => return Some(Ok(event)),
                Ok(_) | Err(Error::BadEvent(_)) => {}
                Err(error) => return Some(Err(error)),
            }
        }
        self.deadline = None;
        Some(Err(Error::TimedOut("nothing more came".into())))
    }
}
