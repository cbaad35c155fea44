//! The ids that came lately: a repeat follows its first soon, and a log is longer than a memory.

use std::collections::{HashSet, VecDeque};

/// Another worker took over and did the same again; or a node was put out of its group.
const REMEMBERED: usize = 10_000;

/// Ids, of which the oldest are forgotten.
#[derive(Default)]
pub(crate) struct Seen {
    ids: HashSet<String>,
    order: VecDeque<String>,
}

impl Seen {
    /// Remember an id, and tell whether it is new.
    pub(crate) fn first(&mut self, id: &str) -> bool {
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
