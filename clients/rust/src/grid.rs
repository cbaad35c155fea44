//! A connection to the grid: events go in durably, and what becomes of them is read in order.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{mpsc, Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use rdkafka::config::ClientConfig;
use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Header, Headers as _, OwnedHeaders};
use rdkafka::producer::{
    BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext, PurgeConfig,
};
use rdkafka::{Message, Offset, TopicPartitionList};
use serde::Serialize;

use crate::access::{ask, away, Access, Denial, Reader, Tokens, POLL};
use crate::config::{configured, PRODUCER, READER};
use crate::error::{Error, Result};
use crate::follow::Follow;
use crate::ids::{minted, now_ms, of_inbox};
use crate::registry::{Registry, Schemas};
use crate::wire::{encode, opened, topic_of, About, Event, Headers, Place, Raw};

const CLOSE: Duration = Duration::from_secs(20);

/// Who hears of a delivery; locked, because librdkafka may hand it to any thread.
type Delivered = Mutex<Box<dyn FnOnce(Result<Place>) + Send>>;

/// An event on its way, and who waits for it.
pub(crate) struct Waiting {
    name: String,
    event_id: String,
    delivered: Delivered,
}

/// Tells whoever sent an event what became of it.
impl ProducerContext for Denial {
    type DeliveryOpaque = Box<Waiting>;

    fn delivery(&self, result: &DeliveryResult, waiting: Self::DeliveryOpaque) {
        let Waiting { name, event_id, delivered } = *waiting;
        let delivered = delivered.into_inner().expect("never poisoned");
        delivered(match result {
            Ok(at) => {
                self.let_in();
                let (topic, partition, offset) = (at.topic().into(), at.partition(), at.offset());
                Ok(Place { topic, partition, offset, event_id })
            }
            Err((error, _)) => Err(lost(error, &name, self)),
        });
    }
}

/// An event to be produced; what is none follows from the others, or is absent.
#[derive(Debug, Clone)]
pub struct Draft<'a, T> {
    pub name: &'a str,
    pub key: &'a str,
    pub value: T,
    pub topic: Option<&'a str>,
    pub event_id: Option<String>,
    pub run_id: Option<&'a str>,
    pub cause_id: Option<&'a str>,
    pub trace: Headers,
}

impl<'a, T: Serialize> Draft<'a, T> {
    /// An event of its own, on the topic where it belongs.
    pub fn new(name: &'a str, key: &'a str, value: T) -> Self {
        let (topic, event_id, run_id, cause_id) = (None, None, None, None);
        Self { name, key, value, topic, event_id, run_id, cause_id, trace: Headers::new() }
    }
}

/// A connection, to be shared by threads; dropping it waits for what is on its way.
pub struct Grid {
    connect: ClientConfig,
    schemas: Arc<dyn Schemas>,
    source: String,
    tokens: Option<Tokens>,
    inbox: Option<String>,
    producer: Arc<BaseProducer<Denial>>,
    halt: Arc<AtomicBool>,
    serving: Option<JoinHandle<()>>,
}

impl Grid {
    /// Connect to brokers and a registry.
    pub fn connect(bootstrap: &str, registry: &str) -> Result<Self> {
        Self::with(bootstrap, Arc::new(Registry::new(registry)), "local", Access::default())
    }

    /// Connect as a node of a name, with credentials.
    pub fn with(
        bootstrap: &str,
        schemas: Arc<dyn Schemas>,
        node: &str,
        access: Access,
    ) -> Result<Self> {
        let mut connect = ClientConfig::new();
        connect.set("bootstrap.servers", bootstrap);
        for (name, value) in access.kafka {
            connect.set(*name, *value);
        }
        let producer: BaseProducer<Denial> = configured(&connect, &PRODUCER)
            .create_with_context(Denial::new(access.tokens.clone()))
            .map_err(|error| Error::Unreachable(error.to_string()))?;
        let (producer, halt) = (Arc::new(producer), Arc::new(AtomicBool::new(false)));
        let serving = Some(serve_deliveries(producer.clone(), halt.clone()));
        let source = format!("/aether/{node}/client");
        let (tokens, inbox) = (access.tokens, access.inbox.then(|| node.to_string()));
        Ok(Self { connect, schemas, source, tokens, inbox, producer, halt, serving })
    }

    /// Send an event off and return its id; `delivered` hears, in another thread, what became.
    ///
    /// Waits while too many are on their way.
    pub fn send<T: Serialize>(
        &self,
        draft: Draft<T>,
        delivered: impl FnOnce(Result<Place>) + Send + 'static,
    ) -> Result<String> {
        let home = draft.topic.map_or_else(|| topic_of(draft.name), String::from);
        let made = draft.event_id.unwrap_or_else(minted);
        let frame = encode(&*self.schemas.latest(&home, draft.name)?, &draft.value)?;
        let (topic, event_id) = match &self.inbox {
            Some(node) => (format!("aether.inbox.{node}"), of_inbox(&made, node)),
            None => (home, made.clone()),
        };
        let about = About {
            name: draft.name,
            event_id: &made,
            source: &self.source,
            at_ms: now_ms(),
            run_id: draft.run_id,
            cause_id: draft.cause_id,
            trace: &draft.trace,
        };
        let mut headers = OwnedHeaders::new();
        for (key, value) in &about.headers() {
            headers = headers.insert(Header { key, value: Some(value) });
        }
        let waiting = Waiting {
            name: draft.name.into(),
            event_id: event_id.clone(),
            delivered: Mutex::new(Box::new(delivered)),
        };
        let mut record = BaseRecord::with_opaque_to(&topic, Box::new(waiting))
            .key(draft.key)
            .payload(&frame)
            .headers(headers);
        loop {
            record = match self.producer.send(record) {
                Ok(()) => {
                    self.producer.context().remind();
                    return Ok(event_id);
                }
                Err((error, back)) => match error.rdkafka_error_code() {
                    Some(RDKafkaErrorCode::QueueFull) => back,
                    _ => return Err(lost(&error, draft.name, self.producer.context())),
                },
            };
            std::thread::sleep(POLL / 10);
        }
    }

    /// Append an event and return where it stands once it is durable.
    pub fn produce<T: Serialize>(&self, draft: Draft<T>) -> Result<Place> {
        let (tell, told) = mpsc::channel();
        self.send(draft, move |what| tell.send(what).unwrap_or_default())?;
        told.recv().unwrap_or_else(|_| Err(Error::Unknown("the producer ended".into())))
    }

    /// Wait for everything that is on its way.
    pub fn flush(&self) -> Result<()> {
        self.producer.flush(CLOSE).map_err(|error| Error::Unknown(error.to_string()))
    }

    /// What each partition of a topic holds: its first offset, and its end.
    pub fn ends(&self, topic: &str) -> Result<Vec<(i64, i64)>> {
        let asking = self.consumer(&[])?;
        let count = |turn| {
            let metadata = asking.fetch_metadata(Some(topic), turn)?;
            let found = metadata.topics().first();
            match found.and_then(|each| each.error()) {
                Some(error) => Err(KafkaError::MetadataFetch(error.into())),
                None => Ok(found.map_or(0, |each| each.partitions().len())),
            }
        };
        let spans = 0..ask(&asking, count, topic)? as i32;
        let span = |p| ask(&asking, |turn| asking.fetch_watermarks(topic, p, turn), topic);
        spans.map(span).collect()
    }

    /// Where the sessions end now, if what is produced comes somewhere behind; else none.
    pub(crate) fn ahead(&self, topic: &str) -> Result<Option<HashMap<i32, i64>>> {
        let ends = |spans: Vec<(i64, i64)>| (0..).zip(spans.into_iter().map(|s| s.1)).collect();
        self.inbox.as_ref().map(|_| self.ends(topic).map(ends)).transpose()
    }

    /// What stands in some partitions from their offsets on, as it comes.
    ///
    /// Records that are no events are passed over, and so is an event that is there again. After
    /// `timeout` there is one last error, TimedOut.
    pub fn follow(
        &self,
        topic: &str,
        starts: &HashMap<i32, i64>,
        timeout: Duration,
    ) -> Result<Follow<'_>> {
        let reader = self.consumer(&[])?;
        let mut places = TopicPartitionList::new();
        for (partition, at) in starts {
            places
                .add_partition_offset(topic, *partition, Offset::Offset(*at))
                .map_err(|error| Error::Unreachable(error.to_string()))?;
        }
        reader.assign(&places).map_err(|error| Error::Unreachable(error.to_string()))?;
        Ok(Follow::new(self, reader, timeout))
    }

    pub(crate) fn consumer(&self, more: &[(&str, &str)]) -> Result<Reader> {
        let mut config = configured(&self.connect, &READER);
        for (name, value) in more {
            config.set(*name, *value);
        }
        config
            .create_with_context(Denial::new(self.tokens.clone()))
            .map_err(|error| Error::Unreachable(error.to_string()))
    }

    pub(crate) fn read(&self, message: &BorrowedMessage) -> Result<Event> {
        let mut headers = Headers::new();
        for each in message.headers().map(|all| all.iter()).into_iter().flatten() {
            let said = String::from_utf8_lossy(each.value.unwrap_or_default());
            headers.insert(each.key.into(), said.into_owned());
        }
        let raw = Raw {
            topic: message.topic(),
            partition: message.partition(),
            offset: message.offset(),
            at_ms: message.timestamp().to_millis().unwrap_or_default(),
            key: message.key().unwrap_or_default(),
            frame: message.payload().unwrap_or_default(),
            headers,
        };
        opened(&self.schemas, raw)
    }
}

impl Drop for Grid {
    fn drop(&mut self) {
        let _ = self.flush(); // whoever waits for an event hears of it by itself
        self.halt.store(true, Ordering::Relaxed);
        self.serving.take().map(JoinHandle::join);
    }
}

fn serve_deliveries(producer: Arc<BaseProducer<Denial>>, halt: Arc<AtomicBool>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        while !halt.load(Ordering::Relaxed) {
            producer.poll(POLL);
            if producer.context().news() {
                producer.purge(PurgeConfig::default().queue()); // or it waits until its time is over
            }
        }
    })
}

/// Say of an event that was not delivered whether it may be there all the same.
fn lost(error: &KafkaError, name: &str, denial: &Denial) -> Error {
    use RDKafkaErrorCode::{
        Fatal, MessageSizeTooLarge, MessageTimedOut, PurgeInflight, PurgeQueue, RequestTimedOut,
    };
    match error.rdkafka_error_code() {
        Some(MessageSizeTooLarge) => Error::BadEvent(format!("{name} is too large: {error}")),
        Some(MessageTimedOut | PurgeInflight | RequestTimedOut) => {
            Error::Unknown(format!("{name}: {error}"))
        }
        code => match denial.said().filter(|_| matches!(code, Some(PurgeQueue | Fatal))) {
            Some(said) => Error::Denied(format!("{name} was not written: {said}")),
            None => away(error, &format!("{name} was not written")),
        },
    }
}
