//! What is signed: an in-toto statement (v1) whose predicate lists every file of a folder with its SHA-256, in the layout of the
//! model-signing tool. The two files that hold signatures are left out, and nothing else.

use crate::envelope::{ATTESTATION, SIGNATURE};
use crate::{Result, SignError};
use bundle::{BundleError, Sha256};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

const TYPE: &str = "https://in-toto.io/Statement/v1";
const PREDICATE: &str = "https://model_signing/signature/v1.0";

/// The fields in the order in which they are written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    #[serde(rename = "_type")]
    kind: String,
    subject: [Subject; 1],
    #[serde(rename = "predicateType")]
    predicate_type: String,
    predicate: Predicate,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Subject {
    name: String,
    digest: Digest,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Digest {
    /// Of the files' digests, as bytes one after another.
    sha256: Sha256,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Predicate {
    serialization: Serialization,
    resources: Vec<Resource>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Serialization {
    method: String,
    hash_type: String,
    allow_symlinks: bool,
    ignore_paths: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Resource {
    name: String,
    algorithm: String,
    digest: Sha256,
}

impl Statement {
    /// Of a folder as it is now, under a name of one's choice.
    ///
    /// # Errors
    /// What is no plain file in a folder that holds one: links, devices, empty folders; names that are not UTF-8; git's own files, which
    /// the tool passes over.
    pub fn of(folder: &Path, name: &str) -> Result<Self> {
        let mut paths = vec![];
        gather(folder, Path::new(""), &mut paths)?;
        // By components, each bytewise: `Path` orders so, and so does the tool.
        paths.sort();
        let mut resources = vec![];
        let mut root = vec![];
        for path in paths.iter().filter(|path| ![SIGNATURE, ATTESTATION].map(Path::new).contains(&path.as_path())) {
            let digest = Sha256::of_file(&folder.join(path))?.0;
            root.extend(digest.bytes());
            let name = path.to_str().ok_or_else(|| odd(folder, path, "its name is not UTF-8"))?;
            resources.push(Resource { name: name.into(), algorithm: "sha256".into(), digest });
        }
        let serialization = Serialization {
            method: "files".into(),
            hash_type: "sha256".into(),
            allow_symlinks: false,
            ignore_paths: [ATTESTATION, SIGNATURE].map(String::from).to_vec(),
        };
        Ok(Self {
            kind: TYPE.into(),
            subject: [Subject { name: name.into(), digest: Digest { sha256: Sha256::of(&root) } }],
            predicate_type: PREDICATE.into(),
            predicate: Predicate { serialization, resources },
        })
    }

    /// The bytes that are signed.
    pub fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a statement serialises")
    }

    /// How many files it covers.
    pub fn files(&self) -> usize {
        self.predicate.resources.len()
    }

    /// The name that it was signed under.
    pub fn name(&self) -> &str {
        &self.subject[0].name
    }

    /// Where another statement differs, if it does.
    pub fn differs(&self, found: &Self) -> Option<(PathBuf, String)> {
        let (signed, there) = (&self.predicate.resources, &found.predicate.resources);
        let of = |all: &[Resource], name: &str| all.iter().find(|r| r.name == name).map(|r| r.digest);
        for Resource { name, digest, .. } in signed {
            match of(there, name) {
                Some(found) if found == *digest => {}
                Some(found) => return Some((name.into(), format!("its sha256 was {digest} and is {found}"))),
                None => return Some((name.into(), "it is gone".into())),
            }
        }
        let added = there.iter().find(|r| of(signed, &r.name).is_none());
        let added = added.map(|r| (PathBuf::from(&r.name), "it was not there".to_string()));
        added.or_else(|| (self != found).then(|| (ATTESTATION.into(), "the statement is not of this form".into())))
    }
}

/// Every file below a folder, with what is none refused.
fn gather(root: &Path, below: &Path, paths: &mut Vec<PathBuf>) -> Result<()> {
    let read = |source: std::io::Error| SignError::File(BundleError::Read { path: root.join(below), source });
    let before = paths.len();
    for entry in std::fs::read_dir(root.join(below)).map_err(read)? {
        let entry = entry.map_err(read)?;
        let (path, kind) = (below.join(entry.file_name()), entry.file_type().map_err(read)?);
        if below == Path::new("") && entry.file_name().as_encoded_bytes().starts_with(b".git") {
            return Err(odd(root, &path, "it is git's, which other tools pass over"));
        }
        match (kind.is_file(), kind.is_dir()) {
            (true, _) => paths.push(path),
            (_, true) => gather(root, &path, paths)?,
            _ => return Err(odd(root, &path, "it is neither a file nor a folder")),
        }
    }
    if paths.len() == before && below != Path::new("") {
        return Err(odd(root, below, "it is an empty folder"));
    }
    Ok(())
}

fn odd(folder: &Path, path: &Path, what: &'static str) -> SignError {
    SignError::Odd { path: folder.join(path), what }
}
