//! Ids: minted at the edge in the order of time, derived from a cause ever after (RFC 9562).

use std::time::{SystemTime, UNIX_EPOCH};

use uuid::{Builder, Uuid};

/// UUIDv5(DNS, "aether-grid").
const NAMESPACE: Uuid = Uuid::from_u128(0xfc4b7a3a_2f77_546e_b49f_738f85eb24f6);

/// The UUIDv5 of some parts, joined by slashes: the same cause, the same id.
pub fn derived(parts: &[&dyn ToString]) -> String {
    let name: Vec<String> = parts.iter().map(|part| part.to_string()).collect();
    Uuid::new_v5(&NAMESPACE, name.join("/").as_bytes()).to_string()
}

/// A UUIDv7 of now.
pub fn minted() -> String {
    Uuid::now_v7().to_string()
}

/// The UUIDv7 of a Unix time in milliseconds and ten random bytes.
pub fn minted_at(at_ms: u64, chance: &[u8; 10]) -> String {
    Builder::from_unix_timestamp_millis(at_ms, chance).into_uuid().to_string()
}

/// The id of what a node of `work/{name}` answers; whichever node, it is the same.
pub fn of_outcome(request_id: &str, name: &str) -> String {
    derived(&[&request_id, &format!("work/{name}"), &0])
}

/// The id under which the grid carries on what a node sent to its inbox.
pub fn of_inbox(event_id: &str, node: &str) -> String {
    derived(&[&event_id, &"inbox", &node, &0])
}

pub(crate) fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}
