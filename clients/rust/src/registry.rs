//! The schema registry: any that speaks Confluent's API.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use apache_avro::Schema;
use base64::{prelude::BASE64_STANDARD, Engine};
use serde::Deserialize;

use crate::error::{Error, Result};
use crate::wire::Named;

/// Where schemas come from.
pub trait Schemas: Send + Sync {
    /// The newest schema of an event on a topic.
    fn latest(&self, topic: &str, name: &str) -> Result<Arc<Named>>;
    /// The schema of an id.
    fn of(&self, id: u32) -> Result<Arc<Named>>;
}

/// A registry at an address; what it said once holds for ever.
pub struct Registry {
    url: String,
    authorization: Option<String>,
    agent: ureq::Agent,
    known: Mutex<HashMap<String, Arc<Named>>>,
}

#[derive(Deserialize)]
struct Told {
    id: Option<u32>,
    schema: String,
}

impl Registry {
    /// An address may hold a user and password.
    pub fn new(address: &str) -> Self {
        let (scheme, rest) = address.split_once("://").unwrap_or(("http", address));
        let (user, host) = match rest.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, rest),
        };
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(10)))
            .http_status_as_error(false);
        Self {
            url: format!("{scheme}://{}", host.trim_end_matches('/')),
            authorization: user.map(|said| format!("Basic {}", BASE64_STANDARD.encode(said))),
            agent: config.build().into(),
            known: Mutex::default(),
        }
    }

    fn ask(&self, path: String, id: Option<u32>, missing: &str) -> Result<Arc<Named>> {
        if let Some(found) = self.known.lock().expect("never poisoned").get(&path) {
            return Ok(found.clone());
        }
        let away = |why: String| Error::Unreachable(format!("the registry at {}: {why}", self.url));
        let mut asked = self.agent.get(format!("{}{path}", self.url));
        asked = asked.header("accept", "application/json");
        if let Some(said) = &self.authorization {
            asked = asked.header("authorization", said);
        }
        let mut answer = asked.call().map_err(|error| away(error.to_string()))?;
        match answer.status().as_u16() {
            200 => {}
            404 => return Err(Error::BadEvent(format!("{} knows {missing}", self.url))),
            status => return Err(away(format!("it says {status}"))),
        }
        let told: Told = answer.body_mut().read_json().map_err(|error| away(error.to_string()))?;
        let schema = Schema::parse_str(&told.schema).map_err(|error| away(error.to_string()))?;
        let id = id.or(told.id).ok_or_else(|| away("a schema without an id".into()))?;
        let found = Arc::new(Named { id, schema });
        self.known.lock().expect("never poisoned").insert(path, found.clone());
        Ok(found)
    }
}

impl Schemas for Registry {
    fn latest(&self, topic: &str, name: &str) -> Result<Arc<Named>> {
        let path = format!("/subjects/{topic}-{name}/versions/latest");
        self.ask(path, None, &format!("no event {name} on {topic}"))
    }

    fn of(&self, id: u32) -> Result<Arc<Named>> {
        self.ask(format!("/schemas/ids/{id}"), Some(id), &format!("no schema {id}"))
    }
}
