//! As much of JSON Schema as `docs/schema` uses. The library for all of it asks for other features of shared crates: half of the program
//! would be built twice.

use serde_json::Value;

/// What is wrong with a value, if anything is.
pub(crate) fn fault(schema: &Value, value: &Value) -> Option<String> {
    let rules = schema.as_object().expect("a schema is an object");
    rules.iter().find_map(|(rule, asked)| broken(rule, asked, schema, value))
}

fn broken(rule: &str, asked: &Value, schema: &Value, value: &Value) -> Option<String> {
    let alternatives = || asked.as_array().unwrap().iter().filter(|one| fault(one, value).is_none()).count();
    let holds = match rule {
        "$schema" | "title" | "properties" => true,
        "type" => match asked.as_str().unwrap() {
            "string" => value.is_string(),
            "number" => value.is_number(),
            "integer" => value.is_i64() || value.is_u64(),
            "boolean" => value.is_boolean(),
            "array" => value.is_array(),
            "object" => value.is_object(),
            "null" => value.is_null(),
            other => panic!("type {other}"),
        },
        "const" => value == asked,
        "enum" => asked.as_array().unwrap().contains(value),
        "minimum" => value.as_f64() >= asked.as_f64(),
        "maximum" => value.as_f64() <= asked.as_f64(),
        "pattern" => {
            assert_eq!(asked, "^[0-9a-f]{64}$", "the one pattern that is used");
            value.as_str().is_some_and(|text| text.len() == 64 && text.bytes().all(|c| c.is_ascii_hexdigit()))
        }
        "oneOf" => alternatives() == 1,
        "anyOf" => alternatives() > 0,
        "items" => return value.as_array()?.iter().find_map(|item| fault(asked, item)),
        "required" => asked.as_array().unwrap().iter().all(|name| value.get(name.as_str().unwrap()).is_some()),
        "additionalProperties" => {
            let (known, found) = (schema["properties"].as_object()?, value.as_object()?);
            if let Some(name) = found.keys().find(|name| !known.contains_key(*name)) {
                return Some(format!("`{name}` is not in the schema"));
            }
            return found.iter().find_map(|(name, inner)| Some(format!("{name}: {}", fault(&known[name], inner)?)));
        }
        other => panic!("the schema has a rule `{other}` that this does not know"),
    };
    (!holds).then(|| format!("{value} breaks {rule} {asked}"))
}
