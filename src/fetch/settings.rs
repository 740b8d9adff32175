//! What the hub's own tools read from the environment, read as they do.

use crate::{FetchError, Result};
use std::path::{Path, PathBuf};
use std::time::Duration;
use url::Url;

/// The hub as pins name it.
const HUB: &str = "https://huggingface.co";

/// How long the hub's tools wait for the next byte.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where files may be, how the network is reached, and how patiently.
#[derive(Clone)]
pub struct Settings {
    /// The hub's cache on this machine.
    pub cache: PathBuf,
    /// Where the hub is.
    pub endpoint: Url,
    /// Told to the endpoint, and to nobody else.
    pub token: Option<String>,
    /// Nothing is downloaded.
    pub offline: bool,
    /// The longest wait for the next byte.
    pub patience: Duration,
    /// The wait before the first retry; each one after waits twice as long.
    pub first_wait: Duration,
    /// Certificates to trust in place of the usual ones.
    pub certificates: Option<PathBuf>,
    proxies: Proxies,
}

/// The proxy of each scheme, and what is reached without one.
#[derive(Clone, Default)]
struct Proxies {
    http: Option<String>,
    https: Option<String>,
    none: Vec<String>,
}

impl Settings {
    /// From the environment, looked up by `get`.
    ///
    /// # Errors
    /// A variable that does not mean what it must.
    pub fn from_env(get: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let get = |name: &str| get(name).filter(|value| !value.trim().is_empty());
        let first = |names: &[&str]| names.iter().find_map(|name| get(name));
        let wrong = |name: &str, reason: String| FetchError::Setting { name: name.into(), reason };
        let user = PathBuf::from(get("HOME").unwrap_or_default());
        let folder = |value: String| match value.strip_prefix("~/") {
            Some(rest) => user.join(rest),
            None => value.into(),
        };
        let base = get("XDG_CACHE_HOME").map(folder).unwrap_or_else(|| user.join(".cache"));
        let home = get("HF_HOME").map(folder).unwrap_or_else(|| base.join("huggingface"));
        let cache = first(&["HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"]).map(folder);
        let endpoint = get("HF_ENDPOINT").unwrap_or(HUB.into());
        let patience = match get("HF_HUB_DOWNLOAD_TIMEOUT") {
            None => PATIENCE,
            Some(text) => match text.trim().parse() {
                Ok(seconds) if seconds > 0 => Duration::from_secs(seconds),
                _ => return Err(wrong("HF_HUB_DOWNLOAD_TIMEOUT", format!("`{text}` is no number of seconds"))),
            },
        };
        let is_on = |name: &str| get(name).is_some_and(|value| is_true(&value));
        let file = get("HF_TOKEN_PATH").map(folder).unwrap_or_else(|| home.join("token"));
        let token = first(&["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"]).or_else(|| std::fs::read_to_string(file).ok());
        let token = token.map(|text| text.trim().to_string()).filter(|text| !text.is_empty());
        if token.as_ref().is_some_and(|text| !text.bytes().all(|b| b.is_ascii_graphic())) {
            return Err(wrong("HF_TOKEN", "the token (or the token file's) has characters that no token has".into()));
        }
        Ok(Self {
            cache: cache.unwrap_or_else(|| home.join("hub")),
            endpoint: Url::parse(endpoint.trim().trim_end_matches('/'))
                .map_err(|e| wrong("HF_ENDPOINT", format!("`{endpoint}`: {e}; an address such as {HUB} is wanted")))?,
            token: token.filter(|_| !is_on("HF_HUB_DISABLE_IMPLICIT_TOKEN")),
            offline: is_on("HF_HUB_OFFLINE") || is_on("TRANSFORMERS_OFFLINE"),
            patience,
            first_wait: Duration::from_secs(1),
            certificates: first(&["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"]).map(folder),
            proxies: Proxies {
                http: first(&["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"]),
                https: first(&["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]),
                none: first(&["no_proxy", "NO_PROXY"])
                    .map(|list| list.split(',').map(|entry| entry.trim().to_lowercase()).collect())
                    .unwrap_or_default(),
            },
        })
    }

    /// Where a pinned address is asked for: what is the hub's, at the endpoint.
    pub(crate) fn address(&self, url: &str) -> Result<Url> {
        let wrong = |e: url::ParseError| FetchError::Answer { url: url.into(), reason: e.to_string() };
        match HubFile::of(url) {
            Some(_) => Url::parse(&url.replacen(HUB, self.endpoint.as_str().trim_end_matches('/'), 1)),
            None => Url::parse(url),
        }
        .map_err(wrong)
    }

    /// The token, for whom it is meant: scheme, host and port must be the endpoint's.
    pub(crate) fn token_for(&self, url: &Url) -> Option<&str> {
        self.token.as_deref().filter(|_| url.origin() == self.endpoint.origin())
    }

    /// The proxy that an address is reached through.
    pub(crate) fn proxy_for(&self, url: &Url) -> Option<&str> {
        let proxy = if url.scheme() == "https" { &self.proxies.https } else { &self.proxies.http };
        let host = url.host_str().unwrap_or_default();
        let with_port = url.port_or_known_default().map(|port| format!("{host}:{port}")).unwrap_or_default();
        let is_of = |name: &str, domain: &str| {
            name == domain || name.strip_suffix(domain).is_some_and(|sub| sub.ends_with('.'))
        };
        let direct = self.proxies.none.iter().any(|entry| {
            let domain = entry.trim_start_matches('*').trim_start_matches('.');
            entry == "*" || (!domain.is_empty() && (is_of(host, domain) || is_of(&with_port, domain)))
        });
        proxy.as_deref().filter(|_| !direct)
    }
}

fn is_true(value: &str) -> bool {
    ["1", "ON", "YES", "TRUE"].contains(&value.trim().to_uppercase().as_str())
}

/// A file of the hub, by its address.
pub(crate) struct HubFile<'a> {
    /// `Qwen/Qwen3-4B`, or `datasets/OWNER/NAME`.
    pub repository: &'a str,
    revision: &'a str,
    file: &'a str,
}

impl<'a> HubFile<'a> {
    pub(crate) fn of(url: &'a str) -> Option<Self> {
        let (repository, rest) = url.strip_prefix(HUB)?.strip_prefix('/')?.split_once("/resolve/")?;
        let (revision, file) = rest.split_once('/')?;
        Some(Self { repository, revision, file })
    }

    /// Where the hub's tools keep it: its repository's folder below the cache, and its place in there.
    pub(crate) fn cached(&self, cache: &Path) -> (PathBuf, PathBuf) {
        let kind = match self.repository.split_once('/') {
            Some(("datasets" | "spaces", _)) => "",
            _ => "models--",
        };
        let folder = cache.join(format!("{kind}{}", self.repository.replace('/', "--")));
        (folder.clone(), folder.join("snapshots").join(self.revision).join(self.file))
    }

    /// Where its licence is accepted.
    pub(crate) fn page(&self) -> String {
        format!("{HUB}/{}", self.repository)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(variables: &[(&str, &str)]) -> Settings {
        let get = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.to_string());
        Settings::from_env(get).unwrap_or_else(|e| panic!("{e}"))
    }

    #[test]
    fn the_cache_is_where_the_hubs_tools_have_it() {
        let cache = |variables: &[(&str, &str)]| settings(variables).cache;
        assert_eq!(cache(&[("HOME", "/h")]), Path::new("/h/.cache/huggingface/hub"));
        assert_eq!(cache(&[("HOME", "/h"), ("XDG_CACHE_HOME", "/x")]), Path::new("/x/huggingface/hub"));
        assert_eq!(cache(&[("HOME", "/h"), ("HF_HOME", "~/hf")]), Path::new("/h/hf/hub"));
        assert_eq!(cache(&[("HF_HOME", "/hf"), ("HF_HUB_CACHE", "/c")]), Path::new("/c"));
        let url = "https://huggingface.co/Qwen/Qwen3-4B/resolve/abc/config.json";
        let (_, file) = HubFile::of(url).unwrap().cached(Path::new("/c"));
        assert_eq!(file, Path::new("/c/models--Qwen--Qwen3-4B/snapshots/abc/config.json"));
        let (folder, _) = HubFile::of(&url.replace("Qwen/", "datasets/Qwen/")).unwrap().cached(Path::new("/c"));
        assert_eq!(folder, Path::new("/c/datasets--Qwen--Qwen3-4B"));
    }

    #[test]
    fn the_token_is_the_variables_or_the_files_and_for_the_endpoint_alone() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().to_str().unwrap();
        std::fs::write(folder.path().join("token"), "of-the-file\n").unwrap();
        let hub = Url::parse("https://huggingface.co/x").unwrap();
        let told = |variables: &[(&str, &str)]| settings(variables).token_for(&hub).map(String::from);
        assert_eq!(told(&[("HF_HOME", home)]).as_deref(), Some("of-the-file"));
        assert_eq!(told(&[("HF_HOME", home), ("HF_TOKEN", " own ")]).as_deref(), Some("own"));
        assert_eq!(told(&[("HF_HOME", home), ("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")]), None);
        let own = settings(&[("HF_TOKEN", "own")]);
        for other in ["http://huggingface.co/x", "https://huggingface.co:444/x", "https://huggingface.co.evil.org/x"] {
            assert_eq!(own.token_for(&Url::parse(other).unwrap()), None, "{other}");
        }
        assert!(Settings::from_env(|name| (name == "HF_TOKEN").then(|| "a\nb".into())).is_err());
    }

    #[test]
    fn the_endpoint_takes_the_hubs_place_and_nobody_elses() {
        let mirrored = settings(&[("HF_ENDPOINT", "http://mirror:8/hub/")]);
        let address = |url: &str| mirrored.address(url).unwrap().to_string();
        assert_eq!(address("https://huggingface.co/a/b/resolve/c/d"), "http://mirror:8/hub/a/b/resolve/c/d");
        assert_eq!(address("https://raw.githubusercontent.com/a"), "https://raw.githubusercontent.com/a");
        assert!(Settings::from_env(|name| (name == "HF_ENDPOINT").then(|| "nowhere".into())).is_err());
    }

    #[test]
    fn a_proxy_is_of_a_scheme_and_some_hosts_go_without() {
        let through = settings(&[
            ("HTTPS_PROXY", "http://upper:1"),
            ("https_proxy", "http://lower:1"),
            ("ALL_PROXY", "socks5://all:1"),
            ("NO_PROXY", "localhost, .inside.org,example.org:8443"),
        ]);
        let proxy = |url: &str| through.proxy_for(&Url::parse(url).unwrap()).map(String::from);
        assert_eq!(proxy("https://huggingface.co/").as_deref(), Some("http://lower:1"));
        assert_eq!(proxy("http://huggingface.co/").as_deref(), Some("socks5://all:1"));
        for direct in ["http://localhost:9/", "https://a.inside.org/", "https://example.org:8443/"] {
            assert_eq!(proxy(direct), None, "{direct}");
        }
        assert!(proxy("https://example.org/").is_some() && proxy("https://notinside.org/").is_some());
    }

    #[test]
    fn offline_is_what_the_hubs_tools_take_for_true() {
        assert!(settings(&[("HF_HUB_OFFLINE", "yes")]).offline && settings(&[("HF_HUB_OFFLINE", "1")]).offline);
        assert!(!settings(&[("HF_HUB_OFFLINE", "0")]).offline && !settings(&[]).offline);
    }
}
