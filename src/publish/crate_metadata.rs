//! `ro-crate-metadata.json`: RO-Crate 1.1 with the profile Provenance Run Crate 0.5 of Workflow Run. The ledger is the source of
//! everything in it: what ran, on what, from which inputs, with which outputs.

mod acts;
mod graph;

use crate::folder::Finished;
use crate::{Result, croissant, swhid};
use acts::Acts;
use bundle::{Ledger, LedgerEntry, Sha256, files};
use graph::{Graph, reference};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The file's name, which the standard fixes.
pub const NAME: &str = "ro-crate-metadata.json";

const LICENCE: &str = "https://spdx.org/licenses/MIT";
const AUTHORS: &str = "#authors";
const CRATE: &str = "https://w3id.org/ro/crate/1.1";
const WORKFLOW: &str = "https://w3id.org/workflowhub/workflow-ro-crate/1.0";
const PROFILES: [(&str, &str, &str); 4] = [
    ("https://w3id.org/ro/wfrun/process/0.5", "Process Run Crate", "0.5"),
    ("https://w3id.org/ro/wfrun/workflow/0.5", "Workflow Run Crate", "0.5"),
    ("https://w3id.org/ro/wfrun/provenance/0.5", "Provenance Run Crate", "0.5"),
    (WORKFLOW, "Workflow RO-Crate", "1.0"),
];
/// Files at the top: name, title, what it is.
const FILES: [(&str, &str, &str); 10] = [
    ("results.json", "results", "Every number of the paper, by key, each with the runs that it is from."),
    (
        "ledger.jsonl",
        "ledger",
        "One entry a run, chained by digest: program, code, device, versions, inputs and outputs.",
    ),
    ("claims.toml", "claims", "What the paper claims, fixed before the runs; its digest is in every ledger entry."),
    ("claims.json", "verdicts on the claims", "Each claim with its verdict, intervals and thresholds."),
    ("sbom.cdx.json", "software bill of materials", "CycloneDX: every library of the program."),
    ("README.md", "read me", "How to check this folder."),
    ("CITATION.cff", "citation", "How to cite this."),
    ("codemeta.json", "software metadata", "CodeMeta 3.0."),
    ("LICENSE", "licence", "MIT."),
    (
        "audit/index.html",
        "audit page",
        "Opens from disk: claims, numbers, runs and completions, with digests computed in the page.",
    ),
];

/// The whole file, for a folder in which all others lie.
///
/// # Errors
/// A file that cannot be read.
pub fn describe(finished: &Finished, ledger: &Ledger, folder: &Path) -> Result<String> {
    let mut graph = Graph::default();
    let Some(first) = ledger.entries().first() else { return Ok(graph.text(json!({}))) };
    for (id, name, version) in PROFILES {
        graph.add(json!({ "@id": id, "@type": "CreativeWork", "name": name, "version": version }));
    }
    graph.add(json!({ "@id": AUTHORS, "@type": "Organization", "name": "The Gradient Quarantine authors" }));
    graph.add(json!({ "@id": LICENCE, "@type": "CreativeWork", "name": "MIT License", "description": "A permissive licence." }));
    let software = software(&mut graph, ledger);
    let machines: Vec<Value> = ledger.entries().iter().map(|entry| machine(&mut graph, entry)).collect();
    let inputs = inputs(&mut graph, finished, ledger)?;
    let mut top = vec![];
    let paper = file(&mut graph, folder, "paper.pdf", ["paper", "The paper, typeset from results.json."])?;
    graph.extend(
        "paper.pdf",
        json!({ "@type": ["File", "ScholarlyArticle"], "author": reference(AUTHORS), "license": reference(LICENCE) }),
    );
    top.push(paper);
    for (name, title, what) in FILES {
        top.push(file(&mut graph, folder, name, [title, what])?);
    }
    if let Some(shipped) = finished.data {
        let what = ["data set description", "Croissant: the shipped data set, its record sets and fields."];
        top.push(file(&mut graph, folder, croissant::NAME, what)?);
        for (name, _, what) in croissant::FILES {
            top.push(file(&mut graph, folder, &format!("{}/{name}", shipped.folder), [name, what])?);
        }
    }
    for name in finished.receipts_beside() {
        let what = [
            "receipts",
            "Runs of another model that the paper shows: what its numbers stand on, or the digest of that.",
        ];
        top.push(file(&mut graph, folder, &name.to_string_lossy(), what)?);
    }
    for name in finished.pages_beside() {
        top.push(file(&mut graph, folder, &name, ["audit page", "The same of another model that the paper shows."])?);
    }
    let acts = Acts {
        tier: finished.shown.tier,
        date: finished.date,
        first,
        software: &software,
        machines: &machines,
        inputs,
    };
    let mentioned = acts.write(&mut graph, folder, ledger)?;
    let statements = finished.shown.claims.iter().map(|claim| {
        graph.add(json!({
            "@id": format!("#claim-{}", claim.id), "@type": "Claim", "name": format!("{}: {}", claim.id, claim.title),
            "text": claim.wording, "creativeWorkStatus": claim.status.name(), "appearance": reference("paper.pdf"),
            "isBasedOn": [reference("claims.toml"), reference("claims.json"), reference("results.json")],
        }))
    });
    let mentioned: Vec<Value> = mentioned.into_iter().chain(statements.collect::<Vec<_>>()).collect();
    top.extend(["reproduce.sh", "runs/", "#inputs"].map(reference));
    let signature = match finished.signed {
        true => "Its author's signature over every file is model.sig, and again attestation.dsse.json.",
        false => "It was unsigned when it was published.",
    };
    let profiles: Vec<Value> = PROFILES.iter().map(|(id, ..)| reference(id)).collect();
    Ok(graph.text(json!({
        "@id": "./", "@type": "Dataset", "name": format!("Gradient quarantine, {} tier: runs, results and paper", finished.shown.tier),
        "description": format!("A finished experiment: what was read, what ran, every run's record, the results, the claims with their verdicts, and the paper that was typeset from them. {signature}"),
        "datePublished": finished.date, "license": reference(LICENCE), "author": reference(AUTHORS), "publisher": reference(AUTHORS),
        "conformsTo": profiles, "mainEntity": reference("reproduce.sh"), "hasPart": top, "mentions": mentioned,
    })))
}

/// A file of the folder, with its digest, size and id.
fn file(graph: &mut Graph, folder: &Path, name: &str, [title, what]: [&str; 2]) -> Result<Value> {
    let bytes = files::read(&folder.join(name))?;
    let id = swhid::content(&bytes);
    Ok(graph.add(json!({
        "@id": name, "@type": "File", "name": title, "description": what, "encodingFormat": media(name),
        "contentSize": bytes.len().to_string(), "sha256": Sha256::of(&bytes), "identifier": id,
    })))
}

fn media(name: &str) -> &'static str {
    match Path::new(name).extension().and_then(|e| e.to_str()).unwrap_or_default() {
        "pdf" => "application/pdf",
        "json" => "application/json",
        "jsonl" => "application/jsonl",
        "toml" => "application/toml",
        "sh" => "text/x-shellscript",
        "md" => "text/markdown",
        "cff" => "application/yaml",
        "html" => "text/html",
        "gz" => "application/gzip",
        "safetensors" => "application/octet-stream",
        _ => "text/plain",
    }
}

/// One entity for each executable that ran, and for each commit.
fn software(graph: &mut Graph, ledger: &Ledger) -> BTreeMap<Sha256, Value> {
    let mut found = BTreeMap::new();
    for entry in ledger.entries() {
        // What was no checkout, or had changes, is no commit that can be found anywhere.
        let commit = entry.code.len() == 40 && entry.code.bytes().all(|byte| byte.is_ascii_hexdigit());
        let code = if commit { format!("swh:1:rev:{}", entry.code) } else { "#source".into() };
        let version = entry.versions.get("gradient-quarantine");
        graph.add(json!({
            "@id": code, "@type": "SoftwareSourceCode", "name": "gradient-quarantine, source code", "version": entry.code,
            "license": reference(LICENCE), "author": reference(AUTHORS), "identifier": code,
        }));
        let program = graph.add(json!({
            "@id": format!("#gradient-quarantine-{}", entry.program.short()), "@type": "SoftwareApplication",
            "name": "gradient-quarantine", "description": "The program that trained, evaluated, checked and typeset; its digest is of the executable that ran.",
            "softwareVersion": version, "sha256": entry.program, "license": reference(LICENCE), "author": reference(AUTHORS),
            "operatingSystem": "Linux", "isBasedOn": reference(&code),
        }));
        found.insert(entry.program, program);
    }
    found
}

/// What an entry says of the machine: one value each, and the same entity for the same value.
fn machine(graph: &mut Graph, entry: &LedgerEntry) -> Value {
    let versions = ["Cargo.lock", "python", "python program", "sandbox"]
        .iter()
        .filter_map(|name| entry.versions.get_key_value(*name));
    let device = "device".to_string();
    let values: Vec<Value> = std::iter::once((&device, &entry.device))
        .chain(versions)
        .map(|(name, value)| {
            let id = format!(
                "#environment-{}-{}",
                name.replace(' ', "-").to_lowercase(),
                Sha256::of(value.as_bytes()).short()
            );
            graph.add(json!({ "@id": id, "@type": "PropertyValue", "name": name, "value": value }))
        })
        .collect();
    values.into()
}

/// What every run read and is not in the folder, by content: its id is its digest. Files that are no longer as they were are left to the ledger.
fn inputs(graph: &mut Graph, finished: &Finished, ledger: &Ledger) -> Result<Value> {
    let read: BTreeMap<&PathBuf, &Sha256> = ledger.entries().iter().flat_map(|entry| &entry.inputs).collect();
    let mut parts = vec![];
    for (path, digest) in read {
        let Ok(bytes) = files::read(&finished.root.join(path)) else { continue };
        if Sha256::of(&bytes) != *digest {
            continue;
        }
        let (id, name) = (swhid::content(&bytes), path.to_string_lossy());
        let part = graph.add(json!({
            "@id": id, "@type": "File", "name": name, "description": "An input, by reference: its id is its content's.",
            "encodingFormat": media(&name), "contentSize": bytes.len().to_string(), "sha256": digest, "identifier": id,
            "license": reference(LICENCE), "sdDatePublished": finished.date,
        }));
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    Ok(graph.add(json!({
        "@id": "#inputs", "@type": "Dataset", "name": "inputs", "hasPart": parts,
        "description": "Everything that every run read, by digest: data, base models, tokenizer, claims.",
    })))
}
