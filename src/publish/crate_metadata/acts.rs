//! What was done: every run, what collected and typeset, and the workflow that these are steps of.

use super::graph::{self, Graph, reference};
use super::{AUTHORS, LICENCE, file};
use crate::{Result, swhid};
use bundle::{Ledger, LedgerEntry, Sha256};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::slice::from_ref;

/// What was done.
pub(super) struct Acts<'a> {
    pub(super) tier: &'a str,
    pub(super) date: &'a str,
    pub(super) first: &'a LedgerEntry,
    pub(super) software: &'a BTreeMap<Sha256, Value>,
    pub(super) machines: &'a [Value],
    pub(super) inputs: Value,
}

impl Acts<'_> {
    fn act(&self, entry: &LedgerEntry, machine: &Value, more: Value) -> Value {
        graph::merged(
            json!({
                "@type": "CreateAction", "instrument": self.software[&entry.program], "agent": reference(AUTHORS),
                "environment": machine, "actionStatus": "http://schema.org/CompletedActionStatus",
            }),
            more,
        )
    }

    /// Every run, what collects them, what typesets, and the workflow that they are steps of; returns the actions.
    pub(super) fn write(&self, graph: &mut Graph, folder: &Path, ledger: &Ledger) -> Result<Vec<Value>> {
        let (mut runs, mut parts) = (vec![], vec![]);
        for (entry, machine) in ledger.entries().iter().zip(self.machines) {
            let (run, name) = (&entry.run, format!("runs/{}/", entry.run));
            let mut part = json!({ "@id": name, "@type": "Dataset", "name": run, "identifier": swhid::folder(&folder.join(&name))? });
            let mut objects = vec![self.inputs.clone(), reference("claims.toml")];
            let config = format!("{name}config.json");
            if folder.join(&config).is_file() {
                let settings =
                    file(graph, folder, &config, [&format!("{run}, settings"), "What the run was told to do."])?;
                part["hasPart"] = settings.clone();
                objects.insert(0, settings);
            }
            parts.push(graph.add(part));
            let id = format!("#run-{run}");
            let what = json!({ "@id": id, "name": run, "description": format!("Run {run} of the {} tier.", self.tier), "object": objects, "result": reference(&name) });
            runs.push(graph.add(self.act(entry, machine, what)));
        }
        graph.add(json!({
            "@id": "runs/", "@type": "Dataset", "name": "runs", "hasPart": parts, "identifier": swhid::folder(&folder.join("runs"))?,
            "description": format!("One folder a run: settings, metrics, evaluations, evidence. {} ledger entries.", runs.len()),
        }));
        let whole = |more: Value| self.act(self.first, &self.machines[0], more);
        let collect = graph.add(whole(json!({
            "@id": "#collect", "name": "collect", "description": "Checks every run against the ledger, and computes the results and the verdicts.",
            "object": [reference("runs/"), reference("claims.toml"), reference("ledger.jsonl")], "result": [reference("results.json"), reference("claims.json")],
        })));
        let typeset = graph.add(whole(json!({
            "@id": "#typeset", "name": "build-paper", "description": "Typesets the paper from the results.",
            "object": [reference("results.json"), reference("claims.json")], "result": reference("paper.pdf"),
        })));
        let made = self.workflow(graph, folder, [&runs, from_ref(&collect), from_ref(&typeset)])?;
        Ok([made, collect, typeset].into_iter().chain(runs).collect())
    }

    /// `reproduce`: its parameters, its steps, and its one execution.
    fn workflow(&self, graph: &mut Graph, folder: &Path, steps: [&[Value]; 3]) -> Result<Value> {
        let (given, takes, gives) = self.parameters(graph);
        let shell = graph.add(json!({
            "@id": "#sh", "@type": "ComputerLanguage", "name": "POSIX shell",
            "url": reference("https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html"),
        }));
        let (howto, controls) = self.steps(graph, steps);
        let programs: Vec<&Value> = self.software.values().collect();
        file(graph, folder, "reproduce.sh", ["reproduce", "The command that makes all this again."])?;
        graph.extend("reproduce.sh", json!({
            "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"],
            "conformsTo": reference("https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"), "programmingLanguage": shell,
            "version": env!("CARGO_PKG_VERSION"), "license": reference(LICENCE), "creator": reference(AUTHORS), "dateCreated": self.date,
            "input": takes, "output": gives, "hasPart": programs, "step": howto,
        }));
        let whole = graph.add(self.act(self.first, &self.machines[0], json!({
            "@id": "#reproduce", "name": format!("reproduce --tier {}", self.tier), "description": "Made everything in this folder.",
            "instrument": reference("reproduce.sh"), "object": [given[0], given[1], self.inputs, reference("claims.toml")],
            "result": (["results.json", "ledger.jsonl", "runs/", "claims.json", "paper.pdf"].map(reference)),
        })));
        // An entity of its own: the profile lets a tool of the workflow be the instrument of its runs only.
        let engine = graph.add(json!({
            "@id": "#scheduler", "@type": "SoftwareApplication", "name": "gradient-quarantine, as the engine of its own steps",
            "softwareVersion": env!("CARGO_PKG_VERSION"), "sameAs": self.software[&self.first.program], "license": reference(LICENCE), "author": reference(AUTHORS),
        }));
        graph.add(json!({
            "@id": "#organize", "@type": "OrganizeAction", "name": "orchestrate reproduce", "agent": reference(AUTHORS), "instrument": engine,
            "object": controls, "result": whole,
        }));
        Ok(whole)
    }

    /// The workflow's parameters: the values of two, then all that it takes, then all that it gives.
    fn parameters(&self, graph: &mut Graph) -> ([Value; 2], [Value; 4], [Value; 5]) {
        let value = |graph: &mut Graph, name: &str, value: &str| {
            graph
                .add(json!({ "@id": format!("#value-{name}"), "@type": "PropertyValue", "name": name, "value": value }))
        };
        let (tier, device) = (value(graph, "tier", self.tier), value(graph, "device", &self.first.device));
        let mut parameter = |name: &str, kind: &str, example: &Value, what: &str| {
            let id = format!("#{name}");
            graph.extend(example["@id"].as_str().unwrap_or_default(), json!({ "exampleOfWork": reference(&id) }));
            graph.add(json!({
                "@id": id, "@type": "FormalParameter", "conformsTo": reference("https://bioschemas.org/profiles/FormalParameter/1.0-RELEASE"),
                "name": name, "additionalType": kind, "workExample": example, "description": what,
            }))
        };
        let takes = [
            parameter("tier", "Text", &tier, "Which plan."),
            parameter("device", "Text", &device, "cpu, wgpu or cuda."),
            parameter("input-data", "Dataset", &self.inputs, "Problems, pairs, base models."),
            parameter("input-claims", "File", &reference("claims.toml"), "Claims and thresholds."),
        ];
        let gives = [
            parameter("output-results", "File", &reference("results.json"), "Every number."),
            parameter("output-ledger", "File", &reference("ledger.jsonl"), "What ran."),
            parameter("output-runs", "Dataset", &reference("runs/"), "One folder a run."),
            parameter("output-claims", "File", &reference("claims.json"), "Verdicts."),
            parameter("output-paper", "File", &reference("paper.pdf"), "The paper."),
        ];
        ([tier, device], takes, gives)
    }

    /// The workflow's steps, and what controlled each.
    fn steps(&self, graph: &mut Graph, steps: [&[Value]; 3]) -> (Vec<Value>, Vec<Value>) {
        let told = [
            ("run", "Each run of the plan: sample, grade, train, evaluate."),
            ("collect", "Check and collect."),
            ("build-paper", "Typeset."),
        ];
        let (mut howto, mut controls) = (vec![], vec![]);
        for (i, ((name, what), acts)) in told.iter().zip(steps).enumerate() {
            let position = i + 1;
            let step = graph.add(json!({
                "@id": format!("#step-{position}"), "@type": "HowToStep", "position": position, "name": name, "description": what,
                "workExample": self.software[&self.first.program],
            }));
            controls.push(graph.add(json!({
                "@id": format!("#control-{position}"), "@type": "ControlAction", "name": format!("orchestrate step {position}"),
                "instrument": step, "object": acts,
            })));
            howto.push(step);
        }
        (howto, controls)
    }
}
