//! A node at work, and what the conformance suite asks of every client: see docs/clients.md.
//!
//!     agent KAFKA REGISTRY ask MODEL SESSION TEXT
//!     agent KAFKA REGISTRY serve NAME
//!     agent KAFKA REGISTRY flood COUNT KEYS AUTHOR
//!     agent KAFKA REGISTRY drain
//!     agent KAFKA REGISTRY echo KEY
//!     agent KAFKA REGISTRY hear PARTITION
//!     agent KAFKA REGISTRY show
//!
//! Who it is stands in variables: AETHER_SASL is SCRAM-SHA-512 or OAUTHBEARER, AETHER_USER and
//! AETHER_PASSWORD are a user or a client, AETHER_TOKEN_URL gives the latter tokens. AETHER_CA is a
//! file with who vouches for brokers over TLS.

use std::collections::HashMap;
use std::error::Error as AnyError;
use std::io::Read;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use aether_grid::{
    Access, Card, Draft, Error, Event, Grid, Question, Refused, Registry, Reply, Token,
};
use base64::{prelude::BASE64_STANDARD, Engine};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};

const LATE: Duration = Duration::from_secs(120);
const EVENT: &str = "aether.memory.RecallJudged";
const TOPIC: &str = "aether.memory.events";
const TOO_LARGE: usize = 3_000_000;

type Done = Result<(), Box<dyn AnyError>>;

#[derive(Serialize, Deserialize)]
struct RecallJudged {
    question: String,
    scopes: Vec<String>,
    useful: Vec<String>,
}

/// Ask, watch, and show the answer.
fn ask(grid: &Grid, model: &str, session: &str, text: &str) -> Done {
    let run = grid.ask(Question { text, session: Some(session), model: Some(model) })?;
    let mut events = vec![];
    for event in run.events(LATE)? {
        events.push(event?.name);
    }
    match run.answer(LATE) {
        Ok(a) => println!(
            "{}",
            json!({"run": run.id, "text": a.text, "capability": a.capability, "events": events})
        ),
        Err(Error::RunFailed(no)) => {
            println!("{}", json!({"failed": no.reason, "detail": no.detail}))
        }
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

/// Answer in this language until standard input is closed.
fn serve(grid: &Grid, name: &str) -> Done {
    let description = format!("Repeats in rust what it is told, as {name}.");
    let card = Card { description: &description, examples: &[name], effect: None };
    let version = grid.register(name, &card, LATE)?;
    println!("{}", json!({"serving": name, "version": version}));
    let stop = Arc::new(AtomicBool::new(false));
    let told = stop.clone();
    std::thread::spawn(move || {
        let _ = std::io::stdin().read_to_end(&mut vec![]);
        told.store(true, Ordering::Relaxed);
    });
    grid.serve(
        name,
        |work| {
            if work.text.contains("refuse") {
                return Err(Refused::new("not_today", "rust will not").into());
            }
            if work.text.contains("overflow") {
                return Ok("x".repeat(TOO_LARGE).into());
            }
            if work.text.contains("nonsense") {
                return Ok(Reply { citations: vec![json!({})], ..Reply::from("") });
            }
            Ok(format!("rust heard: {}", work.text).into())
        },
        &stop,
    )?;
    Ok(())
}

/// Produce many events, in order within each key.
fn flood(grid: &Grid, count: u64, keys: u64, author: &str) -> Done {
    let began = Instant::now();
    let lost = Arc::new(AtomicU64::new(0));
    for number in 0..count {
        let key = format!("ключ-{}", number % keys);
        let (question, useful) = (author.to_string(), vec![number.to_string()]);
        let value = RecallJudged { question, scopes: vec![], useful };
        let lost = lost.clone();
        grid.send(Draft::new(EVENT, &key, value), move |what| {
            if what.is_err() {
                lost.fetch_add(1, Ordering::Relaxed);
            }
        })?;
    }
    grid.flush()?;
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "{}",
        json!({"sent": count, "lost": lost.load(Ordering::Relaxed), "seconds": seconds})
    );
    Ok(())
}

/// Read everything that was flooded, and say what it comes to.
fn drain(grid: &Grid) -> Done {
    let (mut digest, mut count) = (Sha256::new(), 0);
    for (partition, (first, end)) in (0..).zip(grid.ends(TOPIC)?) {
        if first == end {
            continue;
        }
        for event in grid.follow(TOPIC, &HashMap::from([(partition, first)]), LATE)? {
            let event = event?;
            let offset = event.place.offset;
            if event.name == EVENT {
                let RecallJudged { question, useful, .. } = event.decode()?;
                let (key, id, number) = (&event.key, &event.place.event_id, &useful[0]);
                digest
                    .update(format!("{partition}\t{offset}\t{key}\t{id}\t{question}\t{number}\n"));
                count += 1;
            }
            if offset == end - 1 {
                break;
            }
        }
    }
    println!("{}", json!({"count": count, "digest": format!("{:x}", digest.finalize())}));
    Ok(())
}

/// Produce an event, and follow it.
fn echo(grid: &Grid, key: &str) -> Done {
    let value = RecallJudged { question: key.into(), scopes: vec![], useful: vec![] };
    let place = grid.produce(Draft::new(EVENT, key, value))?;
    let event = next(grid, place.partition, place.offset)?;
    let same = event.place.event_id == place.event_id;
    println!("{}", json!({"key": event.key, "same": same, "partition": place.partition}));
    Ok(())
}

/// Follow what is there, without a word.
fn hear(grid: &Grid, partition: i32) -> Done {
    println!("{}", json!({"key": next(grid, partition, 0)?.key}));
    Ok(())
}

/// Print what could be printed by mistake.
fn show() -> Done {
    let value = std::env::var("AETHER_PASSWORD").unwrap_or_default();
    let token = Token { value, principal: "it".into(), expires_ms: 0 };
    println!("{}", json!({"shown": format!("{token:?}")}));
    Ok(())
}

fn next(grid: &Grid, partition: i32, offset: i64) -> Result<Event, Error> {
    let start = HashMap::from([(partition, offset)]);
    grid.follow(TOPIC, &start, LATE)?.next().expect("it ends with an error")
}

/// Ask for a token by OAuth's client credentials.
fn token(url: &str, client: &str, secret: &str) -> Result<Token, Box<dyn AnyError>> {
    let basic = BASE64_STANDARD.encode(format!("{client}:{secret}"));
    let mut answer = ureq::post(url)
        .header("authorization", format!("Basic {basic}"))
        .send_form([("grant_type", "client_credentials")])?;
    let told: serde_json::Value = answer.body_mut().read_json()?;
    let value = told["access_token"].as_str().ok_or("no token")?.into();
    let now_s = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() as i64;
    let expires_ms = (now_s + told["expires_in"].as_i64().unwrap_or_default()) * 1000;
    Ok(Token { value, principal: client.into(), expires_ms })
}

fn connect(kafka: &str, registry: &str) -> Result<Grid, Error> {
    let said = |name: &str| std::env::var(name).unwrap_or_default();
    let (kind, user, password) =
        (said("AETHER_SASL"), said("AETHER_USER"), said("AETHER_PASSWORD"));
    let registry = Arc::new(Registry::new(registry));
    let authority = said("AETHER_CA");
    let mut options = match authority.as_str() {
        "" => vec![("security.protocol", "SASL_PLAINTEXT")],
        path => vec![("security.protocol", "SASL_SSL"), ("ssl.ca.location", path)],
    };
    options.push(("sasl.mechanism", &kind));
    let inbox = said("AETHER_INBOX");
    let (node, inbox) = if inbox.is_empty() { ("local", false) } else { (&*inbox, true) };
    match kind.as_str() {
        "" => Grid::with(kafka, registry, node, Access { inbox, ..Access::default() }),
        "OAUTHBEARER" => {
            let url = said("AETHER_TOKEN_URL");
            let tokens = Arc::new(move || token(&url, &user, &password));
            Grid::with(
                kafka,
                registry,
                node,
                Access { kafka: &options, tokens: Some(tokens), inbox },
            )
        }
        _ => {
            options.extend([("sasl.username", &*user), ("sasl.password", &password)]);
            Grid::with(kafka, registry, node, Access { kafka: &options, tokens: None, inbox })
        }
    }
}

fn main() -> Done {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let [kafka, registry, ref command @ ..] = args[..] else {
        return Err("see the source".into());
    };
    let grid = connect(kafka, registry)?;
    let done = match command[..] {
        ["ask", model, session, text] => ask(&grid, model, session, text),
        ["serve", name] => serve(&grid, name),
        ["flood", count, keys, author] => flood(&grid, count.parse()?, keys.parse()?, author),
        ["drain"] => drain(&grid),
        ["echo", key] => echo(&grid, key),
        ["show"] => show(),
        ["hear", partition] => hear(&grid, partition.parse()?),
        _ => Err("see the source".into()),
    };
    match done {
        Err(error) if matches!(error.downcast_ref(), Some(Error::Denied(_))) => {
            println!("{}", json!({"denied": error.to_string()}));
            Ok(())
        }
        done => done,
    }
}
