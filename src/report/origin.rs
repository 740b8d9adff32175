//! Where a paper comes from, as RO-Crate 1.1 metadata that the PDF carries beside its numbers. A paper cannot hold its own digest: the
//! whole folder, paper included, is described by the one that `publish` writes.

use crate::typeset::DATE;
use bundle::{Ledger, Sha256};
use experiment::claims::Judged;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The attachment's name, which the standard fixes.
pub(crate) const NAME: &str = "ro-crate-metadata.json";

const AUTHORS: &str = "#authors";
const LICENCE: &str = "https://spdx.org/licenses/MIT";

/// The metadata, an entity a line: the numbers by digest, the ledger by its head, what every run read, what ran, and each claim with its verdict.
pub(crate) fn describe(tier: &str, results: &[u8], ledger: &Ledger, judged: &[Judged]) -> String {
    let [year, month, day] = DATE;
    let numbers = json!({
        "@id": "results.json", "@type": "File", "name": "results", "description": "Every number of this paper, by key, each with the runs that it is from.",
        "encodingFormat": "application/json", "contentSize": results.len().to_string(), "sha256": Sha256::of(results),
    });
    let chain = json!({
        "@id": "#ledger", "@type": "CreativeWork", "name": "ledger", "identifier": format!("sha256:{}", ledger.head()),
        "description": "The digest of the ledger's last entry, which chains every run's program, code, device, inputs and outputs.",
    });
    let mut entities = vec![numbers, chain];
    let programs: BTreeMap<&Sha256, &str> = ledger.entries().iter().map(|e| (&e.program, e.code.as_str())).collect();
    let program = |(digest, code): (&Sha256, &str)| {
        json!({
            "@id": format!("#program-{}", digest.short()), "@type": "SoftwareApplication", "name": "gradient-quarantine", "softwareVersion": code,
            "identifier": format!("sha256:{digest}"), "license": refer(LICENCE), "author": refer(AUTHORS),
        })
    };
    entities.extend(programs.into_iter().map(program));
    let read: BTreeMap<&Sha256, &PathBuf> =
        ledger.entries().iter().flat_map(|e| &e.inputs).map(|(path, digest)| (digest, path)).collect();
    let input = |(digest, path): (&Sha256, &PathBuf)| {
        // Where a file of one's own lies is nobody's business.
        let name = if path.is_absolute() { path.file_name().unwrap_or_default().as_ref() } else { path.as_path() };
        json!({ "@id": format!("#input-{}", digest.short()), "@type": "CreativeWork", "name": name, "identifier": format!("sha256:{digest}") })
    };
    entities.extend(read.into_iter().map(input));
    entities.extend(judged.iter().map(|claim| {
        json!({
            "@id": format!("#claim-{}", claim.id), "@type": "Claim", "name": format!("{}: {}", claim.id, claim.title), "text": claim.wording,
            "creativeWorkStatus": claim.status.name(), "isBasedOn": refer("results.json"),
        })
    }));
    let mentions: Vec<Value> = entities.iter().skip(1).filter_map(|entity| entity["@id"].as_str().map(refer)).collect();
    let about = [
        json!({ "@id": NAME, "@type": "CreativeWork", "about": refer("./"), "conformsTo": refer("https://w3id.org/ro/crate/1.1") }),
        json!({
            "@id": "./", "@type": "Dataset", "name": format!("What the paper of tier {tier} is made of"),
            "description": "The numbers of the paper that carries this, and where they come from.", "datePublished": format!("{year}-{month:02}-{day:02}"),
            "license": refer(LICENCE), "author": refer(AUTHORS), "hasPart": refer("results.json"), "mentions": mentions,
        }),
        json!({ "@id": AUTHORS, "@type": "Organization", "name": "The Gradient Quarantine authors" }),
        json!({ "@id": LICENCE, "@type": "CreativeWork", "name": "MIT License", "description": "A permissive licence." }),
    ];
    let lines: Vec<String> = about.iter().chain(&entities).map(Value::to_string).collect();
    let context =
        json!(["https://w3id.org/ro/crate/1.1/context", { "sha256": "https://w3id.org/ro/terms/workflow-run#sha256" }]);
    format!("{{\"@context\": {context},\n \"@graph\": [\n  {}\n]}}\n", lines.join(",\n  "))
}

/// A mention of an entity.
fn refer(id: &str) -> Value {
    json!({ "@id": id })
}
