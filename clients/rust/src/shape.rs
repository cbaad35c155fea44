//! Plain data in the form that a schema asks for: what is left out has its default, nothing is guessed.

use std::collections::HashMap;

use apache_avro::types::Value;
use apache_avro::Schema;
use serde_json::Value as Json;

/// Return `value` as an Avro value, or say which field does not fit.
pub fn shaped(schema: &Schema, value: &Json) -> Result<Value, String> {
    let mut known = HashMap::new();
    learn(schema, &mut known);
    Shape { known }.of(schema, value)
}

/// Note every named type, wherever it is defined.
fn learn<'a>(schema: &'a Schema, known: &mut HashMap<String, &'a Schema>) {
    if let (Some(name), false) = (schema.name(), matches!(schema, Schema::Ref { .. })) {
        known.insert(name.fullname(None), schema);
    }
    match schema {
        Schema::Record(record) => record.fields.iter().for_each(|f| learn(&f.schema, known)),
        Schema::Array(array) => learn(&array.items, known),
        Schema::Map(map) => learn(&map.types, known),
        Schema::Union(union) => union.variants().iter().for_each(|each| learn(each, known)),
        _ => {}
    }
}

struct Shape<'a> {
    known: HashMap<String, &'a Schema>,
}

impl Shape<'_> {
    fn of(&self, schema: &Schema, value: &Json) -> Result<Value, String> {
        let no = || format!("{value} is no {schema:?}");
        Ok(match (schema, value) {
            (Schema::Ref { name }, _) => {
                let found = self.known.get(&name.fullname(None)).ok_or_else(no)?;
                self.of(found, value)?
            }
            (Schema::Record(record), Json::Object(given)) => {
                let mut fields = Vec::with_capacity(record.fields.len());
                for field in &record.fields {
                    let name = &field.name;
                    let said = given.get(name).or(field.default.as_ref());
                    let said = said.ok_or_else(|| format!("{name} is missing"))?;
                    let made =
                        self.of(&field.schema, said).map_err(|why| format!("{name}: {why}"))?;
                    fields.push((name.clone(), made));
                }
                Value::Record(fields)
            }
            (Schema::Array(array), Json::Array(items)) => {
                let made: Result<_, _> =
                    items.iter().map(|item| self.of(&array.items, item)).collect();
                Value::Array(made?)
            }
            (Schema::Map(map), Json::Object(items)) => {
                let made: Result<_, String> = items
                    .iter()
                    .map(|(name, item)| Ok((name.clone(), self.of(&map.types, item)?)))
                    .collect();
                Value::Map(made?)
            }
            (Schema::Union(union), _) => {
                let fits = |(at, each)| self.of(each, value).ok().map(|made| (at, made));
                let (at, made) = (0..).zip(union.variants()).find_map(fits).ok_or_else(no)?;
                Value::Union(at, Box::new(made))
            }
            (Schema::Enum(kinds), Json::String(said)) => {
                let at = kinds.symbols.iter().position(|each| each == said).ok_or_else(no)?;
                Value::Enum(at as u32, said.clone())
            }
            (Schema::Bytes, Json::Array(_)) => {
                Value::Bytes(serde_json::from_value(value.clone()).map_err(|_| no())?)
            }
            // a default of bytes is written as Latin-1
            (Schema::Bytes, Json::String(text)) => {
                let bytes: Result<_, _> =
                    text.chars().map(|each| u8::try_from(each as u32)).collect();
                Value::Bytes(bytes.map_err(|_| no())?)
            }
            (Schema::Long, _) => Value::Long(value.as_i64().ok_or_else(no)?),
            (Schema::Int, _) => {
                let int = value.as_i64().and_then(|number| i32::try_from(number).ok());
                Value::Int(int.ok_or_else(no)?)
            }
            (Schema::Double, _) => Value::Double(value.as_f64().ok_or_else(no)?),
            (Schema::Float, _) => Value::Float(value.as_f64().ok_or_else(no)? as f32),
            (Schema::Boolean, Json::Bool(said)) => Value::Boolean(*said),
            (Schema::String, Json::String(text)) => Value::String(text.clone()),
            (Schema::Null, Json::Null) => Value::Null,
            _ => return Err(no()),
        })
    }
}
