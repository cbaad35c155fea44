//! Serving a capability: requests lie on a topic of its own, answers go to the session.

use std::collections::{HashMap, HashSet};
use std::error::Error as AnyError;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use apache_avro::types::Value;
use rdkafka::consumer::{CommitMode, Consumer};
use serde_json::{json, Value as Json};

use crate::access::{away, poll};
use crate::error::{Error, Refused, Result};
use crate::grid::{Draft, Grid};
use crate::ids::of_outcome;
use crate::seen::Seen;
use crate::wire::{Event, Headers};

const REGISTRY: &str = "aether.registry.events";
const REQUESTED: &str = "aether.sessions.InferenceRequested";
const COMPLETED: &str = "aether.sessions.InferenceCompleted";
const FAILED: &str = "aether.sessions.InferenceFailed";
/// What went wrong is told in so many characters at most: it must fit, whatever was said.
const DETAIL_MAX: usize = 2_000;

/// What a capability says of itself; the router knows it by description and examples.
#[derive(Debug, Clone, Default)]
pub struct Card<'a> {
    pub description: &'a str,
    pub examples: &'a [&'a str],
    /// "repeatable" if it is none, or "pure", "keyed", "unrepeatable".
    pub effect: Option<&'a str>,
}

/// A request for a node; `event` is the whole of it, `session` its key.
#[derive(Debug)]
pub struct Work {
    pub text: String,
    pub run_id: String,
    pub session: String,
    pub request_id: String,
    pub event: Event,
}

/// An answer; citations are as in `aether.sessions.Citation`.
#[derive(Debug, Clone)]
pub struct Reply {
    pub text: String,
    pub citations: Vec<Json>,
    pub finish_reason: String,
    pub prompt_tokens: i64,
    pub completion_tokens: i64,
}

impl<T: Into<String>> From<T> for Reply {
    fn from(text: T) -> Self {
        Self {
            text: text.into(),
            citations: vec![],
            finish_reason: "stop".into(),
            prompt_tokens: 0,
            completion_tokens: 0,
        }
    }
}

/// Answers a request; an error that is no `Refused` is told to whoever asked, too.
pub type Answered = std::result::Result<Reply, Box<dyn AnyError>>;

impl Grid {
    /// Offer a capability; return its version once nodes can be asked for it.
    pub fn register(&self, name: &str, card: &Card, timeout: Duration) -> Result<i64> {
        let card = json!({
            "description": card.description,
            "examples": card.examples,
            "policy": "single",
            "model": format!("work/{name}"),
            "effect": card.effect.unwrap_or("repeatable"),
        });
        let offered = json!({"card": card});
        let offer = self.produce(Draft::new("aether.registry.CapabilityOffered", name, offered))?;
        let start = HashMap::from([(0, self.ends(REGISTRY)?.first().map_or(0, |span| span.0))]);
        let mut perceived = HashSet::new();
        let (mut known, mut wanted): (Option<Event>, _) = (None, 0);
        for event in self.follow(REGISTRY, &start, timeout)? {
            let event = event?;
            if event.key != name {
                continue;
            }
            let ours = event.cause_id.as_ref() == Some(&offer.event_id);
            match event.name.as_str() {
                "aether.registry.CapabilityRefused" if ours => {
                    let no = Refused::new(event.text("reason"), event.text("detail"));
                    return Err(Error::Refused(no));
                }
                "aether.registry.CapabilityRegistered" => {
                    wanted = if ours { version_of(&event) } else { wanted };
                    known = Some(event);
                }
                "aether.registry.CapabilityPerceived" => {
                    perceived.insert(version_of(&event));
                }
                "aether.registry.CapabilityOffered" if event.place == offer => {
                    let same = |known: &Event| known.field("card") == event.field("card");
                    wanted = known.as_ref().filter(|k| same(k)).map_or(wanted, version_of);
                }
                _ => {}
            }
            if perceived.contains(&wanted) {
                return Ok(wanted);
            }
        }
        Err(Error::TimedOut(format!("{name} is not in force yet")))
    }

    /// Answer what a capability is asked, one request after the other, until `stop`.
    ///
    /// More nodes of one name share the requests by session. A request is acknowledged once its
    /// answer is durable; after a crash it comes again, and its answer has the same id.
    pub fn serve(
        &self,
        name: &str,
        mut handler: impl FnMut(&Work) -> Answered,
        stop: &AtomicBool,
    ) -> Result<()> {
        let topic = format!("aether.work.{name}");
        let reader = self.consumer(&[("group.id", &topic), ("auto.offset.reset", "earliest")])?;
        reader.subscribe(&[&topic]).map_err(|error| away(&error, &topic))?;
        let mut seen = Seen::default();
        while !stop.load(Ordering::Relaxed) {
            let Some(message) = poll(&reader)? else { continue };
            match self.read(&message) {
                Ok(event) if event.name == REQUESTED && event.value.is_some() => {
                    // if it took longer than its group waits it comes again: its answer is there
                    if seen.first(&event.place.event_id) {
                        self.work(name, &mut handler, event)?
                    }
                }
                Ok(_) | Err(Error::BadEvent(_)) => {} // whoever wrote it is no grid
                Err(error) => return Err(error),
            }
            // if another node has it now, that one gives the same id
            let _ = reader.commit_message(&message, CommitMode::Sync);
        }
        Ok(())
    }

    fn work(
        &self,
        name: &str,
        handler: &mut impl FnMut(&Work) -> Answered,
        event: Event,
    ) -> Result<()> {
        let work = Work {
            text: event.text("text"),
            run_id: event.run_id.clone(),
            session: event.key.clone(),
            request_id: event.cause_id.clone().unwrap_or_else(|| event.place.event_id.clone()),
            event,
        };
        let trace = work.event.headers.iter().filter(|(name, _)| name.starts_with("trace"));
        let trace: Headers = trace.map(|(name, said)| (name.clone(), said.clone())).collect();
        let answer = |answered| {
            let (kind, outcome) = outcome_of(&work, answered);
            let mut draft = Draft::new(kind, &work.session, outcome);
            draft.event_id = Some(of_outcome(&work.request_id, name));
            draft.run_id = Some(&work.run_id);
            draft.cause_id = Some(&work.request_id);
            draft.trace = trace.clone();
            self.produce(draft).map(drop)
        };
        match answer(guarded(handler, &work)) {
            Err(Error::BadEvent(why)) => answer(Err(why.into())), // nothing was written yet
            done => done,
        }
    }
}

fn version_of(event: &Event) -> i64 {
    match event.field("version") {
        Some(Value::Long(version)) => *version,
        _ => 0,
    }
}

/// Call a handler; that it panics is an error like any other.
fn guarded(handler: &mut impl FnMut(&Work) -> Answered, work: &Work) -> Answered {
    catch_unwind(AssertUnwindSafe(|| handler(work))).unwrap_or_else(|said| {
        let text = said.downcast_ref::<&str>().map(|text| text.to_string());
        let text = text.or_else(|| said.downcast_ref::<String>().cloned());
        Err(format!("panic: {}", text.unwrap_or_default()).into())
    })
}

/// What came of a request: an error is an outcome, too.
fn outcome_of(work: &Work, answered: Answered) -> (&'static str, Json) {
    let mut outcome = json!({
        "run_id": work.event.text("run_id"),
        "inference_id": work.event.text("inference_id"),
        "model": work.event.text("model"),
    });
    let more = match &answered {
        Ok(reply) => json!({
            "text": reply.text,
            "citations": reply.citations,
            "finish_reason": reply.finish_reason,
            "prompt_tokens": reply.prompt_tokens,
            "completion_tokens": reply.completion_tokens,
        }),
        Err(error) => match error.downcast_ref::<Refused>() {
            Some(no) => json!({"reason": no.reason, "detail": no.detail}),
            None => {
                let detail: String = error.to_string().chars().take(DETAIL_MAX).collect();
                json!({"reason": "node_failed", "detail": detail})
            }
        },
    };
    if let (Json::Object(all), Json::Object(more)) = (&mut outcome, more) {
        all.extend(more);
    }
    (if answered.is_ok() { COMPLETED } else { FAILED }, outcome)
}
