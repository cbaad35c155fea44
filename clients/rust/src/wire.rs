//! The bytes and headers of a record: Confluent's wire format, CloudEvents in binary mode.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::types::Value;
use apache_avro::writer::datum::GenericDatumWriter;
use apache_avro::Schema;
use serde::de::DeserializeOwned;
use serde::Serialize;

use crate::error::{Error, Result};
use crate::ids::derived;
use crate::registry::Schemas;
use crate::shape::shaped;

const PREFIX: usize = 5;

pub type Headers = BTreeMap<String, String>;

/// Where a record stands, and the id of its event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub topic: String,
    pub partition: i32,
    pub offset: i64,
    pub event_id: String,
}

/// An event as read from the log; `name` is its Avro name, `run_id` empty outside of a run.
///
/// `value` is none if the payload is so large that it lies in the object store, at `dataref`.
#[derive(Debug, Clone)]
pub struct Event {
    pub name: String,
    pub value: Option<Value>,
    pub place: Place,
    pub key: String,
    pub at_ms: i64,
    pub run_id: String,
    pub cause_id: Option<String>,
    pub dataref: Option<String>,
    pub headers: Headers,
}

impl Event {
    /// Read the event into a type of yours.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T> {
        let value = self.value.as_ref().ok_or_else(|| {
            Error::BadEvent(format!("the payload lies in the object store at {:?}", self.dataref))
        })?;
        apache_avro::from_value(value)
            .map_err(|error| Error::BadEvent(format!("this {} is another: {error}", self.name)))
    }

    /// A field of the event.
    pub fn field(&self, name: &str) -> Option<&Value> {
        match self.value.as_ref()? {
            Value::Record(fields) => fields.iter().find(|(each, _)| each == name).map(|(_, v)| v),
            _ => None,
        }
    }

    pub(crate) fn text(&self, name: &str) -> String {
        match self.field(name) {
            Some(Value::String(text)) => text.clone(),
            _ => String::new(),
        }
    }
}

/// A schema as the registry has it.
#[derive(Debug)]
pub struct Named {
    pub id: u32,
    pub schema: Schema,
}

impl Named {
    pub fn name(&self) -> String {
        self.schema.name().map(|name| name.fullname(None)).unwrap_or_default()
    }
}

/// The topic on which events of a name belong: `aether.{area}.events`.
pub fn topic_of(name: &str) -> String {
    match name.split('.').nth(1) {
        Some("chunks") => "aether.chunks".into(),
        area => format!("aether.{}.events", area.unwrap_or_default()),
    }
}

/// Write an event; what serde leaves out has its default.
pub fn encode(named: &Named, value: &impl Serialize) -> Result<Vec<u8>> {
    let bad = |why: String| Error::BadEvent(format!("this is no {}: {why}", named.name()));
    let plain = serde_json::to_value(value).map_err(|error| bad(error.to_string()))?;
    let made = shaped(&named.schema, &plain).map_err(bad)?;
    let body = GenericDatumWriter::builder(&named.schema)
        .build()
        .and_then(|writer| writer.write_value_to_vec(made))
        .map_err(|error| bad(error.to_string()))?;
    let mut frame = vec![0];
    frame.extend(named.id.to_be_bytes());
    frame.extend(body);
    Ok(frame)
}

/// The id of the schema a record was written with.
pub fn schema_id_of(frame: &[u8]) -> Result<u32> {
    match frame {
        [0, a, b, c, d, ..] => Ok(u32::from_be_bytes([*a, *b, *c, *d])),
        _ => Err(Error::BadEvent("not in Confluent's wire format".into())),
    }
}

/// Read an event; every byte must be used.
pub fn decode(named: &Named, frame: &[u8]) -> Result<Value> {
    let mut body = &frame[PREFIX..];
    let value = GenericDatumReader::builder(&named.schema)
        .build()
        .and_then(|reader| reader.read_value(&mut body))
        .map_err(|error| {
            Error::BadEvent(format!("these bytes are no {}: {error}", named.name()))
        })?;
    // a text that is cut short is read as null by apache-avro
    if body.is_empty() && value.validate(&named.schema) {
        Ok(value)
    } else {
        Err(Error::BadEvent(format!("these bytes are cut, or more than a {}", named.name())))
    }
}

/// What is said of an event that is new to the log.
pub struct About<'a> {
    pub name: &'a str,
    pub event_id: &'a str,
    pub source: &'a str,
    pub at_ms: u64,
    pub run_id: Option<&'a str>,
    pub cause_id: Option<&'a str>,
    pub trace: &'a Headers,
}

impl About<'_> {
    /// The record's headers.
    pub fn headers(&self) -> Headers {
        let at = UNIX_EPOCH + Duration::from_millis(self.at_ms);
        let mut head = self.trace.clone();
        let mut say = |name: &str, said: String| head.insert(name.into(), said);
        say("ce_id", self.event_id.into());
        say("ce_type", format!("{}.v1", self.name));
        say("ce_specversion", "1.0".into());
        say("ce_source", self.source.into());
        say("ce_time", humantime::format_rfc3339_millis(at).to_string());
        if let Some(cause) = self.cause_id {
            say("ce_causationid", cause.into());
        }
        if let Some(run) = self.run_id {
            say("ce_correlationid", run.into());
        }
        head
    }
}

/// A record, in whatever hands it came.
pub struct Raw<'a> {
    pub topic: &'a str,
    pub partition: i32,
    pub offset: i64,
    pub at_ms: i64,
    pub key: &'a [u8],
    pub frame: &'a [u8],
    pub headers: Headers,
}

/// Put a record into words; without headers its id follows from its place.
pub fn opened(schemas: &Arc<dyn Schemas>, raw: Raw) -> Result<Event> {
    let named = schemas.of(schema_id_of(raw.frame)?)?;
    let said = |name: &str| raw.headers.get(name).filter(|said| !said.is_empty()).cloned();
    let dataref = said("ce_dataref");
    let event_id =
        said("ce_id").unwrap_or_else(|| derived(&[&raw.topic, &raw.partition, &raw.offset]));
    let mut event = Event {
        name: named.name(),
        value: if dataref.is_some() { None } else { Some(decode(&named, raw.frame)?) },
        place: Place {
            topic: raw.topic.into(),
            partition: raw.partition,
            offset: raw.offset,
            event_id,
        },
        key: String::from_utf8_lossy(raw.key).into_owned(),
        at_ms: raw.at_ms,
        run_id: said("ce_correlationid").unwrap_or_default(),
        cause_id: said("ce_causationid"),
        dataref,
        headers: raw.headers,
    };
    if event.run_id.is_empty() {
        event.run_id = event.text("run_id");
    }
    Ok(event)
}
