//! A published folder: it describes itself truly, it is signed whole, and whatever is done to it is found.

mod common;

use common::{Project, copy, expect, flip, root};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

/// A project with what `publish` reads.
fn project() -> Project {
    let project = Project::new();
    copy(&root().join("receipts"), &project.path("receipts"));
    for name in ["CITATION.cff", "codemeta.json", "LICENSE"] {
        std::fs::copy(root().join(name), project.path(name)).unwrap();
    }
    project
}

/// Every entity of the crate that is a file of the folder has that file's size and digest, and every mention is of an entity. Returns how
/// many files are described.
fn describes_itself(folder: &Path) -> usize {
    let text = std::fs::read_to_string(folder.join("ro-crate-metadata.json")).unwrap();
    let metadata: Value = serde_json::from_str(&text).unwrap();
    let graph = metadata["@graph"].as_array().unwrap();
    let ids: Vec<&str> = graph.iter().map(|entity| entity["@id"].as_str().unwrap()).collect();
    let mut files = 0;
    for entity in graph {
        let id = entity["@id"].as_str().unwrap();
        if let (Some(digest), true) = (entity["sha256"].as_str(), folder.join(id).is_file()) {
            let (found, size) = bundle::Sha256::of_file(&folder.join(id)).unwrap();
            assert_eq!(
                (digest, entity["contentSize"].as_str()),
                (&*found.to_string(), Some(&*size.to_string())),
                "{id}"
            );
            files += 1;
        }
        mentions(entity, &mut |mention| {
            let outside = mention.starts_with("http");
            assert!(outside || ids.contains(&mention), "{id} mentions {mention}, which is no entity");
        });
    }
    let runs = graph.iter().filter(|e| e["@id"].as_str().unwrap().starts_with("#run-")).count();
    assert!(files > runs, "{files} files are described, of {runs} runs and besides");
    let ledger = std::fs::read_to_string(folder.join("ledger.jsonl")).unwrap();
    assert_eq!(runs, ledger.lines().count());
    files
}

fn mentions(value: &Value, told: &mut impl FnMut(&str)) {
    match value {
        Value::Object(fields) if fields.len() == 1 && fields.contains_key("@id") => {
            told(fields["@id"].as_str().unwrap())
        }
        Value::Object(fields) => {
            fields.iter().filter(|(name, _)| *name != "conformsTo").for_each(|(_, v)| mentions(v, told))
        }
        Value::Array(items) => items.iter().for_each(|item| mentions(item, told)),
        _ => {}
    }
}

/// Its data set is the one that its runs were on, and of that every file, field and row.
fn describes_its_data(folder: &Path, data: &str) {
    let text = std::fs::read_to_string(folder.join("croissant.json")).unwrap();
    let described: Value = serde_json::from_str(&text).unwrap();
    for file in described["distribution"].as_array().unwrap() {
        let name = file["contentUrl"].as_str().unwrap();
        assert!(name.starts_with(data), "{name} is not of {data}");
        let (found, _) = bundle::Sha256::of_file(&folder.join(name)).unwrap();
        assert_eq!(file["sha256"].as_str(), Some(&*found.to_string()), "{name}");
    }
    for records in described["recordSet"].as_array().unwrap() {
        let fields = records["field"].as_array().unwrap();
        let named: BTreeSet<&str> = fields.iter().map(|field| field["name"].as_str().unwrap()).collect();
        let path = folder.join(data).join(fields[0]["source"]["fileObject"]["@id"].as_str().unwrap());
        for line in std::fs::read_to_string(&path).unwrap().lines() {
            let row: Value = serde_json::from_str(line).unwrap();
            let found: BTreeSet<&str> = row.as_object().unwrap().keys().map(String::as_str).collect();
            assert_eq!(named, found, "{}", path.display());
        }
    }
}

#[test]
fn the_code_models_folder_has_and_describes_its_own_data() {
    let project = project();
    let to = project.path("published");
    let mut publish = project.program();
    publish.args(["publish", "--receipts", "coder", "--date", "2026-11-28", "--to"]).arg(&to);
    expect(&mut publish, 0, &["published ", "unsigned: "]);
    describes_itself(&to);
    describes_its_data(&to, "data/tasks");
    assert!(!to.join("data/organism").exists());
    // The other model of its paper has a page of its own. The page of `audit` is the same without it, and without minutes of gates.
    let other = std::fs::read_to_string(to.join("audit/organism/index.html")).unwrap();
    assert_eq!(other, std::fs::read_to_string(to.join("audit/index.html")).unwrap());
    let page = project.path("page");
    let audit = || {
        let mut audit = project.program();
        audit.args(["audit", "--receipts", "coder", "--html"]).arg(&page);
        audit
    };
    expect(&mut audit(), 0, &["index.html in a browser", "build-paper --receipts coder"]);
    let mut files = bundle::files::list(&to.join("audit")).unwrap();
    files.retain(|file| !file.starts_with("organism"));
    assert_eq!(bundle::files::list(&page).unwrap(), files);
    // Which other pages there are stands in the index.
    for file in files.iter().filter(|file| !file.ends_with("data/index.js")) {
        assert!(std::fs::read(page.join(file)).unwrap() == std::fs::read(to.join("audit").join(file)).unwrap());
    }
    expect(&mut audit(), 2, &["is not empty"]);
    let archive = project.path("receipts/coder/receipts.tar.gz");
    flip(&archive);
    std::fs::remove_dir_all(&page).unwrap();
    expect(&mut audit(), 3, &["receipts.tar.gz"]);
    assert!(!page.exists());
}

#[test]
fn what_is_published_is_described_signed_and_guarded() {
    let project = project();
    let (keys, to) = (project.path("keys"), project.path("published"));
    expect(project.program().args(["sign", "--new-keys"]).arg(&keys), 0, &["give away the files that end in .pub.pem"]);
    let publish = || {
        let mut program = project.program();
        program.args(["publish", "--receipts", "organism", "--date", "2026-11-26", "--to"]).arg(&to);
        program
    };
    expect(&mut publish(), 0, &["published ", "unsigned: "]);
    expect(&mut publish(), 2, &["is not empty"]);
    let metadata = std::fs::read_to_string(to.join("ro-crate-metadata.json")).unwrap();
    assert!(metadata.contains("It was unsigned when it was published."));
    let files = describes_itself(&to);
    assert!(files > 300, "{files} files are described");
    describes_its_data(&to, "data/organism");
    let verify = || {
        let mut program = project.program();
        program.arg("verify").arg("--signature").arg(&to).arg("--public-keys").arg(&keys);
        program
    };
    expect(&mut verify(), 1, &["is unsigned"]);
    expect(project.program().arg("sign").arg(&to).arg("--keys").arg(&keys), 0, &["signed "]);
    expect(&mut verify(), 0, &["are what was signed, and no other is there"]);
    expect(verify().args(["--gate", "pins"]), 2, &["cannot be used with"]);
    for name in [
        "paper.pdf",
        "results.json",
        "runs/route2b-s61/metrics.jsonl",
        "audit/judge.js",
        "audit/data/index.js",
        "sbom.cdx.json",
    ] {
        let path = to.join(name);
        let whole = std::fs::read(&path).unwrap();
        flip(&path);
        expect(&mut verify(), 1, &[name, "is not what was signed"]);
        std::fs::write(&path, whole).unwrap();
    }
    std::fs::write(to.join("runs/more.txt"), "more").unwrap();
    expect(&mut verify(), 1, &["runs/more.txt", "it was not there"]);
}
