//! The vectors, and the schemas of this repository under the ids that those have.

use std::collections::HashMap;
use std::sync::Arc;

use aether_grid::wire::Named;
use aether_grid::{Result, Schemas};
use apache_avro::Schema;
use base64::{prelude::BASE64_STANDARD, Engine};
use serde_json::{json, Value as Json};

/// Where this repository is now: what was built may have been built in another clone.
fn home() -> String {
    format!("{}/../..", std::env::var("CARGO_MANIFEST_DIR").unwrap())
}

/// One of the files of vectors.
pub fn vectors(name: &str) -> Json {
    let path = format!("{}/tests/conformance/vectors/{name}.json", home());
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

pub fn unpacked(text: &Json) -> Vec<u8> {
    BASE64_STANDARD.decode(text.as_str().unwrap()).unwrap()
}

/// The schemas of this repository, under the ids that the vectors have.
#[derive(Default)]
pub struct Files {
    pub by_name: HashMap<String, Arc<Named>>,
    pub by_id: HashMap<u32, Arc<Named>>,
}

impl Files {
    pub fn read() -> Self {
        let mut files = Self::default();
        for (name, kind) in vectors("events")["kinds"].as_object().unwrap() {
            let path = format!("{}/schemas/avro/{}", home(), kind["schema"].as_str().unwrap());
            let schema = Schema::parse_str(&std::fs::read_to_string(path).unwrap()).unwrap();
            let id = kind["id"].as_u64().unwrap() as u32;
            let named = Arc::new(Named { id, schema });
            files.by_name.insert(name.clone(), named.clone());
            files.by_id.insert(id, named);
        }
        files
    }
}

impl Schemas for Files {
    fn latest(&self, _: &str, name: &str) -> Result<Arc<Named>> {
        Ok(self.by_name[name].clone())
    }

    fn of(&self, id: u32) -> Result<Arc<Named>> {
        Ok(self.by_id[&id].clone())
    }
}

/// What a caller hands over: plain data, bytes as numbers.
pub fn native(value: &Json) -> Json {
    match value {
        Json::Array(items) => items.iter().map(native).collect(),
        Json::Object(fields) => match (fields.get("$bytes"), fields.get("$long")) {
            (Some(packed), _) => json!(unpacked(packed)),
            (_, Some(text)) => json!(text.as_str().unwrap().parse::<i64>().unwrap()),
            _ => fields.iter().map(|(name, each)| (name.clone(), native(each))).collect(),
        },
        other => other.clone(),
    }
}
