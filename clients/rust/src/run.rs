//! Questions, and what becomes of them.

use std::collections::HashMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use crate::error::{Error, Refused, Result};
use crate::grid::{Draft, Grid};
use crate::ids::minted;
use crate::wire::Event;

const SESSIONS: &str = "aether.sessions.events";
const COMPLETED: &str = "aether.sessions.ResponseCompleted";
const FAILED: &str = "aether.sessions.RunFailed";

/// What a grid is asked; without a session in one of its own, without a model by who is chosen.
#[derive(Debug, Clone, Copy, Default)]
pub struct Question<'a> {
    pub text: &'a str,
    pub session: Option<&'a str>,
    pub model: Option<&'a str>,
}

/// An answer.
#[derive(Debug, Clone, Deserialize)]
pub struct Answer {
    pub text: String,
    pub citations: Vec<Citation>,
    pub capability: String,
    pub model: String,
    pub finish_reason: String,
    pub prompt_tokens: i64,
    pub completion_tokens: i64,
}

/// Where a part of an answer comes from; the text refers to it as `[marker]`.
#[derive(Debug, Clone, Deserialize)]
pub struct Citation {
    pub marker: i64,
    pub memory_id: String,
    pub title: String,
    pub uri: String,
    pub quote: String,
}

/// A question on its way through the grid.
pub struct Run<'a> {
    pub id: String,
    grid: &'a Grid,
    starts: HashMap<i32, i64>,
}

impl Grid {
    /// Ask a question and return its run.
    pub fn ask(&self, question: Question) -> Result<Run<'_>> {
        let id = minted();
        let scope = question.session.map(|session| format!("session:{session}"));
        let scopes: Vec<_> = std::iter::once("grid").chain(scope.as_deref()).collect();
        let value = json!({
            "run_id": id,
            "model": question.model.unwrap_or("aether"),
            "text": question.text,
            "messages": [{"role": "user", "content": question.text}],
            "options": {},
            "scopes": scopes,
            "remember_in": scope,
            "stream": false,
        });
        let key = question.session.unwrap_or(&id);
        let mut draft = Draft::new("aether.sessions.RequestReceived", key, value);
        draft.event_id = Some(id.clone());
        draft.run_id = Some(&id);
        let ahead = self.ahead(SESSIONS)?;
        let at = self.produce(draft)?;
        let starts = ahead.unwrap_or_else(|| HashMap::from([(at.partition, at.offset)]));
        Ok(Run { id, grid: self, starts })
    }
}

impl Run<'_> {
    /// What happens in this run, in order, up to its end or an error.
    pub fn events(&self, timeout: Duration) -> Result<impl Iterator<Item = Result<Event>> + '_> {
        let mut all = self.grid.follow(SESSIONS, &self.starts, timeout)?;
        let mut over = false;
        Ok(std::iter::from_fn(move || {
            let ours = |event: &Result<Event>| event.as_ref().map_or(true, |e| e.run_id == self.id);
            let event = if over { None } else { all.find(ours) }?;
            over = event.as_ref().map_or(true, |e| [COMPLETED, FAILED].contains(&&*e.name));
            Some(event)
        }))
    }

    /// Wait for the answer.
    pub fn answer(&self, timeout: Duration) -> Result<Answer> {
        let mut last = None;
        for event in self.events(timeout)? {
            last = Some(event?);
        }
        let last = last.ok_or_else(|| Error::TimedOut("the run did not end".into()))?;
        if last.name == FAILED {
            let no = Refused::new(last.text("reason"), last.text("detail"));
            return Err(Error::RunFailed(no));
        }
        last.decode()
    }
}
