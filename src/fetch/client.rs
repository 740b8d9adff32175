//! One request for a file's bytes: where redirects lead, who is told the token, and what an answer means.

use crate::settings::HubFile;
use crate::{FetchError, Result, Settings};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;
use ureq::http::{HeaderMap, Response};
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body, Proxy};
use url::Url;

/// As many redirects in a row as browsers follow.
const REDIRECTS: usize = 20;

/// The longest wait that a server may ask for; beyond it the call ends, and a later one goes on.
const LONGEST: Duration = Duration::from_secs(300);

/// What can be done about a failed try.
pub(crate) enum Trouble {
    /// It may pass; the server may have said when.
    Passing { reason: String, wait: Option<Duration> },
    /// It will be the same again.
    Lasting(FetchError),
}

impl<E: Into<FetchError>> From<E> for Trouble {
    fn from(error: E) -> Self {
        Self::Lasting(error.into())
    }
}

/// An answer that has bytes of the file, or says that there are no more.
pub(crate) struct Reply {
    /// Where in the file the body begins.
    pub start: u64,
    /// The size of the whole file, if the server says it.
    pub total: Option<u64>,
    /// None if the server has nothing beyond what was asked for.
    pub body: Option<Body>,
}

/// A request, as it is told of.
struct Asked<'a> {
    /// As the pin has it.
    url: &'a str,
    asked: &'a Url,
    /// Where redirects led.
    at: &'a Url,
    from: u64,
}

impl Asked<'_> {
    /// What redirects led to may be signed for this one request: its host is enough.
    fn told(&self) -> String {
        match self.at.host_str().filter(|_| self.at.origin() != self.asked.origin()) {
            Some(host) => format!("{} (sent on to {host})", self.asked),
            None => self.asked.to_string(),
        }
    }
}

/// Connections to servers, shared by all files.
pub(crate) struct Client {
    settings: Settings,
    agent: Agent,
    /// Hosts that were tried for long enough, and what became of it.
    lost: Mutex<BTreeMap<String, String>>,
}

impl Client {
    pub(crate) fn new(settings: &Settings) -> Result<Self> {
        let patience = Some(settings.patience);
        let config = Agent::config_builder()
            .user_agent(concat!("gradient-quarantine/", env!("CARGO_PKG_VERSION")))
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .tls_config(TlsConfig::builder().root_certs(certificates(settings)?).build())
            .timeout_resolve(patience)
            .timeout_connect(patience)
            .timeout_per_read(patience)
            .timeout_per_write(patience)
            .build();
        Ok(Self { settings: settings.clone(), agent: config.new_agent(), lost: Mutex::default() })
    }

    /// Ends every request at once.
    pub(crate) fn shut(&self) {
        self.agent.clone().shutdown();
    }

    /// Gives a host up: what else it has is not tried one by one.
    pub(crate) fn lose(&self, url: &str, reason: &str) -> Result<()> {
        let host = self.settings.address(url)?.origin().ascii_serialization();
        self.lost.lock().expect("nobody panics with the lock").insert(host, reason.into());
        Ok(())
    }

    /// # Errors
    /// The host was given up.
    pub(crate) fn reaches(&self, url: &str) -> Result<()> {
        let host = self.settings.address(url)?.origin().ascii_serialization();
        match self.lost.lock().expect("nobody panics with the lock").get(&host) {
            None => Ok(()),
            Some(why) => {
                let reason = format!("{host} was given up a moment ago ({why})");
                Err(FetchError::Unreachable { url: url.into(), reason })
            }
        }
    }

    /// Asks for a file from this byte on.
    pub(crate) fn get(&self, url: &str, from: u64) -> std::result::Result<Reply, Trouble> {
        let asked = self.settings.address(url)?;
        let mut at = asked.clone();
        for _ in 0..=REDIRECTS {
            let response = self.request(&at, from)?;
            if !response.status().is_redirection() {
                return self.reply(&Asked { url, asked: &asked, at: &at, from }, response);
            }
            let leads = header(response.headers(), "location").and_then(|to| at.join(to).ok());
            at = leads.ok_or_else(|| answer(&asked, "a redirect that leads nowhere"))?;
        }
        Err(answer(&asked, &format!("more than {REDIRECTS} redirects")).into())
    }

    fn request(&self, at: &Url, from: u64) -> std::result::Result<Response<Body>, Trouble> {
        let mut proxy = None;
        if let Some(text) = self.settings.proxy_for(at) {
            let reason =
                |e: ureq::Error| FetchError::Setting { name: format!("the proxy `{text}`"), reason: e.to_string() };
            proxy = Some(Proxy::new(text).map_err(reason)?);
        }
        // Compressed bytes could neither be hashed as they come nor be gone on with.
        let mut request = self.agent.get(at.as_str()).header("accept-encoding", "identity");
        if from > 0 {
            request = request.header("range", format!("bytes={from}-"));
        }
        if let Some(token) = self.settings.token_for(at) {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        request.config().proxy(proxy).build().call().map_err(|e| failed(at, e))
    }

    fn reply(&self, asked: &Asked, response: Response<Body>) -> std::result::Result<Reply, Trouble> {
        let (status, headers) = (response.status().as_u16(), response.headers());
        let range = header(headers, "content-range").and_then(range);
        let length = header(headers, "content-length").and_then(|text| text.parse().ok());
        match (status, range) {
            (200, _) => Ok(Reply { start: 0, total: length, body: Some(response.into_body()) }),
            (206, Some((Some(start), total))) => Ok(Reply { start, total, body: Some(response.into_body()) }),
            (416, Some((_, total))) => Ok(Reply { start: asked.from, total, body: None }),
            (401 | 403, _) => Err(FetchError::Refused { url: asked.told(), status, advice: self.advice(asked) }.into()),
            (404 | 410, _) => Err(FetchError::NotThere { url: asked.told(), status }.into()),
            (408 | 429 | 500..=599, _) => {
                let seconds = header(headers, "retry-after").and_then(|text| text.trim().parse().ok());
                let wait = seconds.map(Duration::from_secs);
                let reason = format!("HTTP {status}");
                match wait.filter(|&wait| wait > LONGEST) {
                    None => Err(Trouble::Passing { reason, wait }),
                    Some(wait) => {
                        let reason = format!("{reason}, and it asks to wait for {} s", wait.as_secs());
                        Err(FetchError::Unreachable { url: asked.told(), reason }.into())
                    }
                }
            }
            _ => Err(answer(asked.asked, &format!("HTTP {status}, which is no answer to a request for a file")).into()),
        }
    }

    /// What to do about a refusal.
    fn advice(&self, asked: &Asked) -> String {
        let is_hub = asked.at.origin() == self.settings.endpoint.origin();
        let Some(file) = HubFile::of(asked.url).filter(|_| is_hub) else {
            return "give a copy with --from".into();
        };
        let page = file.page();
        match &self.settings.token {
            None => {
                format!("accept the licence at {page}, and set HF_TOKEN (or write the token's file: `hf auth login`)")
            }
            Some(_) => {
                format!("the token that is set may not read it: accept the licence at {page} with the token's account")
            }
        }
    }
}

/// The certificates that are trusted: those of a file that the environment names, or the usual ones.
fn certificates(settings: &Settings) -> Result<RootCerts> {
    let Some(path) = &settings.certificates else { return Ok(RootCerts::WebPki) };
    let text = bundle::files::read(path)?;
    let wrong = |reason: String| FetchError::Setting { name: path.display().to_string(), reason };
    let mut found = vec![];
    for item in parse_pem(&text) {
        if let PemItem::Certificate(one) = item.map_err(|e| wrong(e.to_string()))? {
            found.push(one);
        }
    }
    if found.is_empty() {
        return Err(wrong(
            "it holds no certificate (named by REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE or SSL_CERT_FILE)".into(),
        ));
    }
    Ok(RootCerts::new_with_certs(&found))
}

/// What a request that got no answer means. A certificate that is not trusted today is not trusted in a second either.
pub(crate) fn failed(at: &Url, error: ureq::Error) -> Trouble {
    match error {
        ureq::Error::Timeout(_) => Trouble::Passing { reason: "nothing came for too long".into(), wait: None },
        ureq::Error::Rustls(e) => answer(at, &format!("no trustworthy connection: {e}")).into(),
        ureq::Error::Io(e) if e.get_ref().is_some_and(|e| e.to_string().contains("certificate")) => {
            answer(at, &format!("no trustworthy connection: {e}")).into()
        }
        ureq::Error::Io(e) => Trouble::Passing { reason: e.to_string(), wait: None },
        other => Trouble::Passing { reason: other.to_string(), wait: None },
    }
}

fn answer(at: &Url, reason: &str) -> FetchError {
    FetchError::Answer { url: at.to_string(), reason: reason.into() }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Where a range begins, and the size of the whole: `bytes 5-9/10`, `bytes */10`, `bytes 5-9/*`.
fn range(text: &str) -> Option<(Option<u64>, Option<u64>)> {
    let (part, total) = text.trim().strip_prefix("bytes ")?.split_once('/')?;
    let start = part.split_once('-').and_then(|(start, _)| start.parse().ok());
    Some((start, total.parse().ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_says_where_it_begins_and_how_long_the_whole_is() {
        assert_eq!(range("bytes 5-9/10"), Some((Some(5), Some(10))));
        assert_eq!(range("bytes 5-9/*"), Some((Some(5), None)));
        assert_eq!(range("bytes */10"), Some((None, Some(10))));
        assert_eq!(range("5-9"), None);
    }
}
