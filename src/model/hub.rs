//! The files of a model's folder as the hub's tools lay them out, now and before: where the folder is, which chat template
//! holds, which tokens end an answer.

use crate::{ModelError, Result};
use bundle::{BundleError, files};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The folder that holds `config.json`: `folder` itself; a snapshot of a hub cache of one model, the one that `refs/main`
/// names or the only one; or that of the only model of a whole cache.
pub fn resolve(folder: &Path) -> Result<PathBuf> {
    if folder.join("config.json").exists() {
        return Ok(folder.into());
    }
    if !folder.exists() {
        let hint = "`gradient-quarantine fetch` brings the model of a tier, --model names a folder of your own".into();
        return Err(BundleError::Missing { path: folder.into(), hint }.into());
    }
    let missing = |reason: String| ModelError::Damaged { path: folder.into(), reason };
    let complete = |snapshot: PathBuf, revision: &str| match snapshot.join("config.json").exists() {
        true => Ok(snapshot),
        false => Err(missing(format!("its snapshot {revision} has no config.json: the download is not complete"))),
    };
    if let Ok(revision) = std::fs::read_to_string(folder.join("refs/main")) {
        return complete(folder.join("snapshots").join(revision.trim()), revision.trim());
    }
    let snapshots = folders(&folder.join("snapshots"), "");
    match snapshots.as_slice() {
        [] => {}
        [only] => return complete(folder.join("snapshots").join(only), only),
        several => {
            let reason = format!("it has no refs/main and several snapshots, name one of them: {}", several.join(", "));
            return Err(missing(reason));
        }
    }
    match folders(folder, "models--").as_slice() {
        [] => Err(missing("it holds neither config.json nor a hub cache (refs/main, snapshots)".into())),
        [only] => resolve(&folder.join(only)),
        several => {
            Err(missing(format!("it is a hub cache of several models, name one of them: {}", several.join(", "))))
        }
    }
}

/// The name under which others find a model: `owner/name` of a hub cache or of its own config, else its folder's name. Never a
/// path of this machine.
pub fn portable_name(folder: &Path) -> String {
    let absolute = std::path::absolute(folder).unwrap_or(folder.into());
    let cached = |part: &str| part.strip_prefix("models--").map(|name| name.replacen("--", "/", 1));
    let parts = || absolute.iter().rev().map(|part| part.to_string_lossy());
    let named = json(&folder.join("config.json")).ok().flatten();
    let named = named.and_then(|config| config["_name_or_path"].as_str().map(String::from));
    parts()
        .find_map(|part| cached(&part))
        .or(named.filter(|name| !is_local(name)))
        .unwrap_or_else(|| parts().next().unwrap_or_default().into())
}

/// Whether a model's name is a path of somebody's machine.
pub fn is_local(name: &str) -> bool {
    Path::new(name).exists()
        || name.is_empty()
        || name.starts_with(['/', '.', '~'])
        || name.contains('\\')
        || name.matches('/').count() != 1
}

fn folders(folder: &Path, prefix: &str) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter(|e| e.path().is_dir())
        .filter_map(|e| e.file_name().into_string().ok())
        .filter(|name| name.starts_with(prefix))
        .collect();
    names.sort();
    names
}

/// A JSON file, if it is there.
fn json(path: &Path) -> Result<Option<Value>> {
    if !path.exists() {
        return Ok(None);
    }
    let damaged = |e: serde_json::Error| ModelError::Damaged { path: path.into(), reason: e.to_string() };
    serde_json::from_str(&files::read_text(path)?).map(Some).map_err(damaged)
}

/// Every file of a folder that decides what a model reads and writes, its weights apart.
pub fn settings(folder: &Path) -> Vec<PathBuf> {
    const NAMES: [&str; 7] = [
        "config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "special_tokens_map.json",
        "generation_config.json",
        "chat_template.jinja",
        "chat_template.json",
    ];
    NAMES.iter().map(|name| folder.join(name)).filter(|path| path.exists()).collect()
}

/// Files that say something of special tokens, in the order in which they are asked.
const TOKEN_FILES: [&str; 2] = ["tokenizer_config.json", "special_tokens_map.json"];

/// The text of a special token, such as `eos_token`.
pub fn special_token(folder: &Path, name: &str) -> Result<Option<String>> {
    for file in TOKEN_FILES {
        let found = json(&folder.join(file))?.unwrap_or_default();
        let text = found[name].as_str().or(found[name]["content"].as_str());
        if let Some(text) = text {
            return Ok(Some(text.into()));
        }
    }
    Ok(None)
}

/// The ids that the model's own settings declare to end an answer.
pub fn end_ids(folder: &Path) -> Result<Vec<u32>> {
    let mut ids = vec![];
    for file in ["generation_config.json", "config.json"] {
        let path = folder.join(file);
        let declared = json(&path)?.unwrap_or_default()["eos_token_id"].clone();
        let all = match declared {
            Value::Null => vec![],
            Value::Array(all) => all,
            one => vec![one],
        };
        for id in all {
            let wrong =
                || ModelError::Damaged { path: path.clone(), reason: format!("eos_token_id {id} is no token id") };
            ids.push(id.as_u64().and_then(|id| u32::try_from(id).ok()).ok_or_else(wrong)?);
        }
    }
    Ok(ids)
}

/// The chat template and the file that it stands in: a file of its own comes before the older places.
pub fn chat_template(folder: &Path) -> Result<Option<(PathBuf, String)>> {
    let path = folder.join("chat_template.jinja");
    if path.exists() {
        return Ok(Some((path.clone(), files::read_text(&path)?)));
    }
    for file in ["tokenizer_config.json", "chat_template.json"] {
        let path = folder.join(file);
        let found = json(&path)?.unwrap_or_default()["chat_template"].take();
        let text = match found {
            Value::String(text) => Some(text),
            // Several by name; the one for plain conversations is called so.
            Value::Array(named) => {
                let default = named.iter().find(|one| one["name"] == "default");
                default.and_then(|one| one["template"].as_str().map(String::from))
            }
            _ => None,
        };
        if let Some(text) = text {
            return Ok(Some((path, text)));
        }
    }
    Ok(None)
}
