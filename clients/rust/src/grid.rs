//! A connection to the grid: events go in durably, and what becomes of them is read in order.

use std::collections::HashMap;
use std::sync::{mpsc, Arc, Mutex};
use std::time::Duration;

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Header, Headers as _, OwnedHeaders};
use rdkafka::producer::{BaseRecord, DeliveryResult, Producer, ProducerContext, ThreadedProducer};
use rdkafka::{ClientContext, Message, Offset, TopicPartitionList};
use serde::Serialize;

use crate::error::{Error, Result};
use crate::follow::Follow;
use crate::ids::{minted, now_ms};
use crate::registry::{Registry, Schemas};
use crate::wire::{encode, opened, topic_of, About, Event, Headers, Place, Raw};

const PRODUCER: [(&str, &str); 8] = [
    ("acks", "all"),
    ("enable.idempotence", "true"),
    ("partitioner", "murmur2_random"),
    ("linger.ms", "1"),
    ("delivery.timeout.ms", "15000"),
    ("message.max.bytes", "2097152"),
    ("queue.buffering.max.messages", "10000"),
    ("allow.auto.create.topics", "false"),
];
const READER: [(&str, &str); 7] = [
    ("group.id", "aether.clients"),
    ("enable.auto.commit", "false"),
    ("auto.offset.reset", "error"),
    ("isolation.level", "read_committed"),
    ("check.crcs", "true"),
    ("fetch.wait.max.ms", "50"),
    ("allow.auto.create.topics", "false"),
];
pub(crate) const POLL: Duration = Duration::from_millis(100);
const CLOSE: Duration = Duration::from_secs(20);

/// Who hears of a delivery; locked, because librdkafka may hand it to any thread.
type Delivered = Mutex<Box<dyn FnOnce(Result<Place>) + Send>>;

/// Tells whoever sent an event what became of it.
struct Reports;

/// An event on its way, and who waits for it.
struct Waiting {
    name: String,
    event_id: String,
    delivered: Delivered,
}

impl ClientContext for Reports {}

impl ProducerContext for Reports {
    type DeliveryOpaque = Box<Waiting>;

    fn delivery(&self, result: &DeliveryResult, waiting: Self::DeliveryOpaque) {
        let Waiting { name, event_id, delivered } = *waiting;
        let delivered = delivered.into_inner().expect("never poisoned");
        delivered(match result {
            Ok(at) => Ok(Place {
                topic: at.topic().into(),
                partition: at.partition(),
                offset: at.offset(),
                event_id,
            }),
            Err((error, _)) => Err(lost(error, &name)),
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
    producer: ThreadedProducer<Reports>,
}

impl Grid {
    /// Connect to brokers and a registry.
    pub fn connect(bootstrap: &str, registry: &str) -> Result<Self> {
        Self::with(bootstrap, Arc::new(Registry::new(registry)), "local", &[])
    }

    /// Connect as a node of a name, with librdkafka's options, such as `sasl.mechanism`.
    pub fn with(
        bootstrap: &str,
        schemas: Arc<dyn Schemas>,
        node: &str,
        kafka: &[(&str, &str)],
    ) -> Result<Self> {
        let mut connect = ClientConfig::new();
        connect.set("bootstrap.servers", bootstrap);
        for (name, value) in kafka {
            connect.set(*name, *value);
        }
        let producer = configured(&connect, &PRODUCER)
            .create_with_context(Reports)
            .map_err(|error| Error::Unreachable(error.to_string()))?;
        Ok(Self { connect, schemas, source: format!("/aether/{node}/client"), producer })
    }

    /// Send an event off and return its id; `delivered` hears, in another thread, what became.
    ///
    /// Waits while too many are on their way.
    pub fn send<T: Serialize>(
        &self,
        draft: Draft<T>,
        delivered: impl FnOnce(Result<Place>) + Send + 'static,
    ) -> Result<String> {
        let topic = draft.topic.map_or_else(|| topic_of(draft.name), String::from);
        let event_id = draft.event_id.unwrap_or_else(minted);
        let frame = encode(&*self.schemas.latest(&topic, draft.name)?, &draft.value)?;
        let about = About {
            name: draft.name,
            event_id: &event_id,
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
                Ok(()) => return Ok(event_id),
                Err((error, back)) => match error.rdkafka_error_code() {
                    Some(RDKafkaErrorCode::QueueFull) => back,
                    _ => return Err(lost(&error, draft.name)),
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
        let away = |error: KafkaError| Error::Unreachable(format!("{topic}: {error}"));
        let asking = self.consumer(&[])?;
        let metadata = asking.fetch_metadata(Some(topic), CLOSE).map_err(away)?;
        let count = metadata.topics().first().map_or(0, |found| found.partitions().len());
        (0..count as i32).map(|p| asking.fetch_watermarks(topic, p, CLOSE).map_err(away)).collect()
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

    pub(crate) fn consumer(&self, more: &[(&str, &str)]) -> Result<BaseConsumer> {
        let mut config = configured(&self.connect, &READER);
        for (name, value) in more {
            config.set(*name, *value);
        }
        config.create().map_err(|error| Error::Unreachable(error.to_string()))
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
    }
}

fn configured(connect: &ClientConfig, ours: &[(&str, &str)]) -> ClientConfig {
    let mut config = ClientConfig::new();
    for (name, value) in ours {
        config.set(*name, *value);
    }
    for (name, value) in connect.config_map() {
        config.set(name, value);
    }
    config
}

/// Whether librdkafka goes on trying by itself.
pub(crate) fn passes(error: &KafkaError) -> bool {
    use RDKafkaErrorCode::{AllBrokersDown, BrokerTransportFailure, OperationTimedOut, Resolve};
    matches!(
        error.rdkafka_error_code(),
        Some(AllBrokersDown | BrokerTransportFailure | OperationTimedOut | Resolve)
    )
}

/// Say of an event that was not delivered whether it may be there all the same.
fn lost(error: &KafkaError, name: &str) -> Error {
    use RDKafkaErrorCode::{MessageTimedOut, PurgeInflight, RequestTimedOut};
    match error.rdkafka_error_code() {
        Some(MessageTimedOut | PurgeInflight | RequestTimedOut) => {
            Error::Unknown(format!("{name}: {error}"))
        }
        _ => Error::Unreachable(format!("{name} was not written: {error}")),
    }
}
