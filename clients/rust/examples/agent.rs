//! A node at work, and what the conformance suite asks of every client: see docs/clients.md.
//!
//!     agent KAFKA REGISTRY ask MODEL SESSION TEXT
//!     agent KAFKA REGISTRY serve NAME
//!     agent KAFKA REGISTRY flood COUNT KEYS AUTHOR
//!     agent KAFKA REGISTRY drain

use std::collections::HashMap;
use std::error::Error as AnyError;
use std::io::Read;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};

use aether_grid::{Card, Draft, Error, Grid, Question, Refused};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};

const LATE: Duration = Duration::from_secs(120);
const EVENT: &str = "aether.memory.RecallJudged";
const TOPIC: &str = "aether.memory.events";

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

fn main() -> Done {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let [kafka, registry, ref command @ ..] = args[..] else {
        return Err("see the source".into());
    };
    let grid = Grid::connect(kafka, registry)?;
    match command[..] {
        ["ask", model, session, text] => ask(&grid, model, session, text),
        ["serve", name] => serve(&grid, name),
        ["flood", count, keys, author] => flood(&grid, count.parse()?, keys.parse()?, author),
        ["drain"] => drain(&grid),
        _ => Err("see the source".into()),
    }
}
