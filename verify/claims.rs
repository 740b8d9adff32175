//! Claims stand before the runs, can fail, and the paper says what the numbers say.

use crate::{Context, Findings};
use bundle::{Sha256, files};
use experiment::{Attested, claims};
use std::path::Path;

/// Where the claims lie, relative to the project.
pub const FILE: &str = "verify/claims.toml";

/// Checks that the paper prints every claim and quotes none, and that all runs were made under the present claims.
pub fn check(context: &Context) -> Findings {
    let mut findings = Findings::default();
    let path = context.root.join(FILE);
    let Some(claims) = findings.accept(claims::load(&path)) else { return findings };
    findings.evidence.push(format!("{} claims, each a test with a threshold and four wordings", claims.len()));
    cited(&context.root.join("paper"), &claims, &mut findings);
    match &context.results {
        None => {}
        Some(Ok(attested)) => results(&path, &claims, attested, &mut findings),
        Some(Err(why)) => findings.faults.push(why.clone()),
    }
    findings
}

/// The paper must print every claim, through the function that picks the supported wording, and never quote one.
fn cited(paper: &Path, claims: &[claims::Claim], findings: &mut Findings) {
    let sources: String = findings
        .accept(files::list(paper))
        .unwrap_or_default()
        .iter()
        .filter(|f| f.extension().is_some_and(|e| e == "typ"))
        .filter_map(|f| files::read_text(&paper.join(f)).ok())
        .collect();
    for claim in claims {
        findings.require(sources.contains(&format!("#claim(\"{}\")", claim.id)), || {
            format!("the paper does not print claim {}: it needs #claim(\"{}\")", claim.id, claim.id)
        });
        for wording in claim.wordings() {
            findings.require(!sources.contains(wording.trim()), || {
                format!("the paper quotes a wording of claim {} instead of printing #claim(\"{}\")", claim.id, claim.id)
            });
        }
    }
}

/// The runs were made under these claims, and what the claims say of their numbers.
fn results(path: &Path, claims: &[claims::Claim], attested: &Attested, findings: &mut Findings) {
    let Some((digest, _)) = findings.accept(Sha256::of_file(path)) else { return };
    for entry in attested.ledger().entries() {
        findings.require(entry.inputs.get(Path::new(FILE)) == Some(&digest), || {
            format!("run {} was made under other claims than {FILE} now states; run `reproduce --fresh`", entry.run)
        });
    }
    for judged in claims::judge(claims, attested.results()) {
        findings.evidence.push(format!("{} {}: {}", judged.id, judged.status.name(), judged.evidence.join("; ")));
    }
}
