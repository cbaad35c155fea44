//! A node outlives its handler: whatever comes of a request is told, and the next one is answered.

mod schemas;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::time::Duration;

use aether_grid::ids::of_outcome;
use aether_grid::{Access, Draft, Event, Grid, Refused, Reply, Work};
use apache_avro::types::Value;
use rdkafka::mocking::MockCluster;
use serde_json::{json, Value as Json};

use schemas::{native, vectors, Files};

type Answered = Result<Reply, Box<dyn std::error::Error>>;

const REQUESTED: &str = "aether.sessions.InferenceRequested";
const SESSIONS: &str = "aether.sessions.events";
const WORK: &str = "aether.work.poet";
const LATE: Duration = Duration::from_secs(60);

/// Run a test on a broker of its own.
fn on_a_grid(kafka: &[(&str, &str)], test: impl FnOnce(&Grid)) {
    let broker = MockCluster::new(1).unwrap();
    for topic in [SESSIONS, WORK] {
        broker.create_topic(topic, 1, 1).unwrap();
    }
    let access = Access { kafka, ..Access::default() };
    let schemas = Arc::new(Files::read());
    test(&Grid::with(&broker.bootstrap_servers(), schemas, "local", access).unwrap());
}

/// Append a request, and return its id.
fn request(grid: &Grid, text: &str) -> String {
    let all = vectors("events");
    let mut events = all["events"].as_array().unwrap().iter();
    let mut value = native(&events.find(|one| one["event"] == REQUESTED).unwrap()["says"]);
    value["text"] = json!(text);
    let mut draft = Draft::new(REQUESTED, "ada", value);
    draft.topic = Some(WORK);
    grid.produce(draft).unwrap().event_id
}

/// Serve what was requested, and return what came of it.
fn outcomes(
    grid: &Grid,
    asked: &[String],
    handler: impl FnMut(&Work) -> Answered + Send,
) -> Vec<Event> {
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let serving = scope.spawn(|| grid.serve("poet", handler, &stop));
        let all = grid.follow(SESSIONS, &HashMap::from([(0, 0)]), LATE).unwrap();
        let came: Result<Vec<Event>, _> = all.take(asked.len()).collect();
        stop.store(true, Ordering::Relaxed);
        serving.join().unwrap().unwrap();
        let came = came.unwrap();
        let ids: Vec<&str> = came.iter().map(|event| &*event.place.event_id).collect();
        let expected: Vec<String> = asked.iter().map(|id| of_outcome(id, "poet")).collect();
        assert_eq!(ids, expected);
        came
    })
}

fn text_of<'a>(event: &'a Event, name: &str) -> &'a str {
    match event.field(name) {
        Some(Value::String(text)) => text,
        _ => "",
    }
}

fn citing(citation: Json) -> Reply {
    Reply { citations: vec![citation], ..Reply::from("") }
}

#[test]
fn what_cannot_be_written_is_told_and_the_next_request_is_answered() {
    let long = || "x".repeat(3_000_000);
    let unfit = [
        "marker is missing",
        "InferenceCompleted is too large",
        "no disk",
        "xxx",
        "InferenceFailed is too large",
        "panic: at work",
        "yes",
    ];
    on_a_grid(&[], |grid| {
        let asked = unfit.map(|text| request(grid, text));
        let came = outcomes(grid, &asked, |work| match work.text.as_str() {
            "marker is missing" => Ok(citing(json!({}))),
            "InferenceCompleted is too large" => Ok(long().into()),
            "xxx" => Err(long().into()),
            "InferenceFailed is too large" => Err(Refused::new("no", long()).into()),
            "panic: at work" => panic!("at work"),
            "yes" => Ok("yes".into()),
            why => Err(why.into()),
        });
        let (last, failed) = came.split_last().unwrap();
        for (why, event) in unfit.iter().zip(failed) {
            assert_eq!(text_of(event, "reason"), "node_failed");
            assert!(text_of(event, "detail").contains(why), "{why}: {}", text_of(event, "detail"));
        }
        assert_eq!(text_of(last, "text"), "yes");
    });
}

#[test]
fn a_record_that_is_no_request_is_passed_over() {
    on_a_grid(&[], |grid| {
        let value = json!({"run_id": "r", "reason": "", "detail": ""});
        let mut draft = Draft::new("aether.sessions.RunFailed", "ada", value);
        draft.topic = Some(WORK);
        grid.produce(draft).unwrap();
        outcomes(grid, &[request(grid, "hello")], |_| Ok("yes".into()));
    });
}

#[test]
fn what_takes_longer_than_the_group_waits_is_asked_once_and_the_node_goes_on() {
    let waits = [("max.poll.interval.ms", "4500"), ("session.timeout.ms", "4000")];
    on_a_grid(&waits, |grid| {
        let asked = ["slowly", "hello"].map(|text| request(grid, text));
        let mut heard = vec![];
        outcomes(grid, &asked, |work| {
            heard.push(work.text.clone());
            if work.text == "slowly" {
                std::thread::sleep(Duration::from_secs(7));
            }
            Ok("yes".into())
        });
        assert_eq!(heard, ["slowly", "hello"]);
    });
}
