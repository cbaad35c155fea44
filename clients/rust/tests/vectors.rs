//! The vectors of the conformance suite: this client must write and read what every other does.

mod schemas;

use std::collections::BTreeMap;
use std::sync::{mpsc, Arc};

use aether_grid::wire::{self, About, Headers, Raw};
use aether_grid::{ids, Access, Draft, Error, Grid, Schemas};
use apache_avro::types::Value;
use rdkafka::mocking::MockCluster;
use serde::Deserialize;
use serde_json::{json, Value as Json};

use schemas::{native, unpacked, vectors, Files};

/// What was read, in the same form.
fn plain(value: &Value) -> Json {
    match value {
        Value::Record(fields) => {
            fields.iter().map(|(name, each)| (name.clone(), plain(each))).collect()
        }
        Value::Array(items) => items.iter().map(plain).collect(),
        Value::Union(_, inner) => plain(inner),
        Value::Null => Json::Null,
        Value::Bytes(bytes) => json!(bytes),
        Value::Enum(_, said) | Value::String(said) => json!(said),
        Value::Long(number) => json!(number),
        Value::Int(number) => json!(number),
        Value::Double(number) => json!(number),
        Value::Boolean(said) => json!(said),
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_event_has_the_bytes_that_the_grid_gives_it() {
    let (files, told) = (Files::read(), vectors("events"));
    for one in told["events"].as_array().unwrap() {
        let name = one["event"].as_str().unwrap();
        let (named, frame, says) =
            (&files.by_name[name], unpacked(&one["frame"]), native(&one["says"]));
        assert_eq!(wire::encode(named, &says).unwrap(), frame, "{name}");
        let id = wire::schema_id_of(&frame).unwrap();
        assert_eq!(plain(&wire::decode(&files.by_id[&id], &frame).unwrap()), says, "{name}");
        assert_eq!(wire::topic_of(name), told["kinds"][name]["topic"]);
    }
}

#[test]
fn bytes_that_are_no_event_are_refused() {
    let files = Files::read();
    for (why, packed) in vectors("events")["refused"].as_object().unwrap() {
        let frame = unpacked(packed);
        let read =
            wire::schema_id_of(&frame).and_then(|id| wire::decode(&files.by_id[&id], &frame));
        assert!(matches!(read, Err(Error::BadEvent(_))), "{why}: {read:?}");
    }
}

#[test]
fn a_value_that_does_not_fit_is_refused() {
    let files = Files::read();
    for value in [json!({}), json!({"run_id": 1, "reason": "", "detail": ""})] {
        let made = wire::encode(&files.by_name["aether.sessions.RunFailed"], &value);
        assert!(matches!(made, Err(Error::BadEvent(_))), "{value}");
    }
}

#[test]
fn every_id_is_the_grids() {
    let told = vectors("ids");
    let each = |name: &str| told[name].as_array().unwrap().clone();
    let text = |value: &Json| value.as_str().map_or_else(|| value.to_string(), String::from);
    for one in each("derived") {
        let parts: Vec<String> = one["parts"].as_array().unwrap().iter().map(text).collect();
        let parts: Vec<&dyn ToString> = parts.iter().map(|part| part as &dyn ToString).collect();
        assert_eq!(ids::derived(&parts), one["id"]);
    }
    for one in each("minted") {
        let chance = u128::from_str_radix(one["chance"].as_str().unwrap(), 16).unwrap();
        let chance: [u8; 10] = chance.to_be_bytes()[6..].try_into().unwrap();
        assert_eq!(ids::minted_at(one["at_ms"].as_u64().unwrap(), &chance), one["id"]);
    }
    for one in each("outcomes") {
        assert_eq!(ids::of_outcome(&text(&one["request"]), &text(&one["name"])), one["id"]);
    }
    let schemas: Arc<dyn Schemas> = Arc::new(Files::read());
    let frame = unpacked(&vectors("events")["events"][0]["frame"]);
    for one in each("positions") {
        let raw = Raw {
            topic: one["topic"].as_str().unwrap(),
            partition: one["partition"].as_i64().unwrap() as i32,
            offset: one["offset"].as_i64().unwrap(),
            at_ms: 0,
            key: b"k",
            frame: &frame,
            headers: Headers::new(),
        };
        assert_eq!(wire::opened(&schemas, raw).unwrap().place.event_id, one["id"]);
    }
}

#[derive(Deserialize)]
struct Head {
    event: String,
    id: String,
    source: String,
    at_ms: u64,
    run: Option<String>,
    cause: Option<String>,
    trace: Headers,
    headers: Headers,
}

#[test]
fn every_event_has_the_headers_that_the_grid_gives_it() {
    let told: Vec<Head> = serde_json::from_value(vectors("headers")).unwrap();
    for one in told {
        let about = About {
            name: &one.event,
            event_id: &one.id,
            source: &one.source,
            at_ms: one.at_ms,
            run_id: one.run.as_deref(),
            cause_id: one.cause.as_deref(),
            trace: &one.trace,
        };
        assert_eq!(about.headers(), one.headers);
    }
}

#[test]
fn ten_thousand_keys_lie_where_the_grid_looks_for_them() {
    let told = vectors("partitions");
    let words = told["words"].as_array().unwrap();
    let broker = MockCluster::new(1).unwrap();
    let partitions: BTreeMap<String, String> =
        serde_json::from_value(told["partitions"].clone()).unwrap();
    let grid = Grid::with(
        &broker.bootstrap_servers(),
        Arc::new(Files::read()),
        "local",
        Access::default(),
    )
    .unwrap();
    for (count, digits) in partitions {
        let topic = format!("of-{count}");
        broker.create_topic(&topic, count.parse().unwrap(), 1).unwrap();
        let (tell, told) = mpsc::channel();
        for n in 0..digits.len() {
            let key = format!("{}-{n}", words[n % words.len()].as_str().unwrap());
            let value = json!({"run_id": "r", "reason": "", "detail": ""});
            let mut draft = Draft::new("aether.sessions.RunFailed", &key, value);
            draft.topic = Some(&topic);
            let tell = tell.clone();
            grid.send(draft, move |at| tell.send((n, at.unwrap().partition)).unwrap()).unwrap();
        }
        drop(tell);
        let mut found = vec![' '; digits.len()];
        for (n, partition) in told {
            found[n] = char::from_digit(partition as u32, 36).unwrap();
        }
        assert_eq!(String::from_iter(found), digits);
    }
}
