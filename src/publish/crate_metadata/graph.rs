//! Entities by their ids, in the order in which they were added.

use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The metadata's descriptor comes first, then the folder, then all others.
#[derive(Default)]
pub(super) struct Graph {
    entities: Vec<Map<String, Value>>,
    places: BTreeMap<String, usize>,
}

/// A mention of an entity.
pub(super) fn reference(id: &str) -> Value {
    json!({ "@id": id })
}

/// Both objects' fields; those of the second win.
pub(super) fn merged(one: Value, other: Value) -> Value {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => Value::Object(one.into_iter().chain(other).collect()),
        (_, other) => other,
    }
}

impl Graph {
    /// Adds an entity, once, and gives back a mention of it.
    pub(super) fn add(&mut self, entity: Value) -> Value {
        let id = entity["@id"].as_str().unwrap_or_default().to_string();
        if let (Value::Object(fields), false) = (entity, self.places.contains_key(&id)) {
            self.places.insert(id.clone(), self.entities.len());
            self.entities.push(fields);
        }
        reference(&id)
    }

    /// Gives an entity more fields.
    pub(super) fn extend(&mut self, id: &str, more: Value) {
        if let (Some(&place), Value::Object(more)) = (self.places.get(id), more) {
            self.entities[place].extend(more);
        }
    }

    /// The whole file: an entity a line.
    pub(super) fn text(self, root: Value) -> String {
        let descriptor = json!({
            "@id": super::NAME, "@type": "CreativeWork", "about": reference("./"),
            "conformsTo": [reference(super::CRATE), reference(super::WORKFLOW)],
        });
        let terms = ["sha256", "environment"]
            .map(|name| (name.to_string(), format!("https://w3id.org/ro/terms/workflow-run#{name}").into()));
        let context = json!([format!("{}/context", super::CRATE), Value::Object(Map::from_iter(terms))]);
        let all = [descriptor, root].into_iter().chain(self.entities.into_iter().map(Value::Object));
        let lines: Vec<String> = all.map(|entity| single(entity).to_string()).collect();
        format!("{{\"@context\": {context},\n \"@graph\": [\n  {}\n]}}\n", lines.join(",\n  "))
    }
}

/// RO-Crate asks for a value in place of a list of one.
fn single(entity: Value) -> Value {
    let Value::Object(fields) = entity else { return entity };
    let one = |value: Value| match value {
        Value::Array(mut items) if items.len() == 1 => items.remove(0),
        other => other,
    };
    Value::Object(fields.into_iter().map(|(name, value)| (name, one(value))).collect())
}
