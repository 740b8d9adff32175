//! The libraries that the program is made of, as a CycloneDX bill of materials: those of `Cargo.lock`, with the digests that it states.

use serde_json::{Value, json};

/// The lock file that this program was built with.
const LOCK: &str = include_str!("../../Cargo.lock");

/// The bill, the same bytes for the same lock file.
pub fn bill() -> Value {
    let lock: toml::Table = LOCK.parse().expect("cargo writes TOML");
    let packages = lock.get("package").and_then(toml::Value::as_array);
    let components: Vec<Value> = packages.into_iter().flatten().filter_map(component).collect();
    json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": { "component": {
            "type": "application", "bom-ref": "gradient-quarantine", "name": "gradient-quarantine",
            "version": env!("CARGO_PKG_VERSION"), "licenses": [{ "license": { "id": "MIT" } }],
        } },
        "components": components,
    })
}

/// A library that comes from a registry; the project's own crates are the application.
fn component(package: &toml::Value) -> Option<Value> {
    let text = |key: &str| package.get(key).and_then(toml::Value::as_str);
    let (name, version, _) = (text("name")?, text("version")?, text("source")?);
    let purl = format!("pkg:cargo/{name}@{version}");
    let mut component = json!({ "type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl });
    if let Some(digest) = text("checksum") {
        component["hashes"] = json!([{ "alg": "SHA-256", "content": digest }]);
    }
    Some(component)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_library_has_a_version_an_address_and_a_digest() {
        let bill = bill();
        let components = bill["components"].as_array().unwrap();
        assert!(components.len() > 100);
        assert!(components.iter().all(|c| c["hashes"][0]["content"].as_str().is_some_and(|digest| digest.len() == 64)));
        assert!(!components.iter().any(|c| c["name"].as_str().is_some_and(|name| name.starts_with("gq-"))));
    }
}
