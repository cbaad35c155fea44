//! Events as they come, each once.

use std::collections::{HashSet, VecDeque};
use std::time::{Duration, Instant};

use rdkafka::consumer::BaseConsumer;

use crate::error::{Error, Result};
use crate::grid::{passes, Grid, POLL};
use crate::wire::Event;

/// A repeat follows its first soon: another worker took over and did the same again.
const REMEMBERED: usize = 10_000;

/// Events as they come.
pub struct Follow<'a> {
    grid: &'a Grid,
    reader: BaseConsumer,
    deadline: Option<Instant>,
    seen: Seen,
}

impl<'a> Follow<'a> {
    pub(crate) fn new(grid: &'a Grid, reader: BaseConsumer, timeout: Duration) -> Self {
        let deadline = Some(Instant::now() + timeout);
        Self { grid, reader, deadline, seen: Seen::default() }
    }
}

impl Iterator for Follow<'_> {
    type Item = Result<Event>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.deadline? > Instant::now() {
            let event = match self.reader.poll(POLL) {
                None => continue,
                Some(Err(error)) if passes(&error) => continue,
                Some(Err(error)) => Err(Error::Unreachable(error.to_string())),
                Some(Ok(message)) => self.grid.read(&message),
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

/// The ids that were read lately.
#[derive(Default)]
struct Seen {
    ids: HashSet<String>,
    order: VecDeque<String>,
}

impl Seen {
    fn first(&mut self, id: &str) -> bool {
        if !self.ids.insert(id.into()) {
            return false;
        }
        self.order.push_back(id.into());
        if self.order.len() > REMEMBERED {
            self.order.pop_front().map(|old| self.ids.remove(&old));
        }
        true
    }
}
