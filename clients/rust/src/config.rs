//! librdkafka's options, as the grid's own processors set them.

use rdkafka::config::ClientConfig;

pub(crate) const PRODUCER: [(&str, &str); 9] = [
    ("acks", "all"),
    ("enable.idempotence", "true"),
    ("partitioner", "murmur2_random"),
    ("linger.ms", "1"),
    ("delivery.timeout.ms", "15000"),
    ("message.max.bytes", "2097152"),
    ("queue.buffering.max.messages", "10000"),
    ("allow.auto.create.topics", "false"),
    ("reconnect.backoff.max.ms", "1000"),
];
pub(crate) const READER: [(&str, &str); 8] = [
    ("group.id", "aether.clients"),
    ("enable.auto.commit", "false"),
    ("auto.offset.reset", "error"),
    ("isolation.level", "read_committed"),
    ("check.crcs", "true"),
    ("fetch.wait.max.ms", "50"),
    ("allow.auto.create.topics", "false"),
    ("reconnect.backoff.max.ms", "1000"),
];

/// What is theirs stands over what is ours; its map of all options would hide the passwords.
pub(crate) fn configured(connect: &ClientConfig, ours: &[(&str, &str)]) -> ClientConfig {
    let mut config = connect.clone();
    for (name, value) in ours {
        if connect.get(name).is_none() {
            config.set(*name, *value);
        }
    }
    config
}
