//! A server on loopback that serves files, and misbehaves as it is told to. Each test program uses a part.
#![allow(dead_code)]

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// One answer to one request.
#[derive(Clone, Default)]
pub(crate) struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    ranges: bool,
    states_no_size: bool,
    sends: Option<usize>,
    hangs: bool,
    pause: Duration,
}

impl Answer {
    pub(crate) fn file(bytes: &[u8]) -> Self {
        Self { status: 200, body: bytes.into(), ranges: true, ..Self::default() }
    }

    pub(crate) fn status(status: u16) -> Self {
        Self { status, body: b"no file, but words\n".into(), ..Self::default() }
    }

    pub(crate) fn redirect(to: &str) -> Self {
        Self::status(302).header("Location", to)
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// A range is not known here: the whole file comes.
    pub(crate) fn without_ranges(self) -> Self {
        Self { ranges: false, ..self }
    }

    pub(crate) fn without_size(self) -> Self {
        Self { states_no_size: true, ..self }
    }

    /// The connection ends after so many bytes of the body.
    pub(crate) fn cut_after(self, sends: usize) -> Self {
        Self { sends: Some(sends), ..self }
    }

    /// The connection stays open after so many bytes, and nothing comes any more.
    pub(crate) fn silent_after(self, sends: usize) -> Self {
        Self { hangs: true, ..self.cut_after(sends) }
    }

    /// Before the answer.
    pub(crate) fn slow(self, pause: Duration) -> Self {
        Self { pause, ..self }
    }
}

/// What was asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Request {
    pub(crate) target: String,
    pub(crate) headers: BTreeMap<String, String>,
}

#[derive(Default)]
pub(crate) struct State {
    answers: BTreeMap<String, VecDeque<Answer>>,
    requests: Vec<Request>,
}

pub(crate) struct Server {
    at: String,
    state: Arc<Mutex<State>>,
}

impl Server {
    /// Serves until the test's process ends.
    pub(crate) fn new() -> Self {
        Self::listening("http", serve)
    }

    /// `serve` hears every connection.
    pub(crate) fn listening(scheme: &str, serve: impl Fn(TcpStream, &Mutex<State>) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = format!("{scheme}://127.0.0.1:{}", listener.local_addr().unwrap().port());
        let (state, serve) = (Arc::<Mutex<State>>::default(), Arc::new(serve));
        let served = state.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (state, serve) = (served.clone(), serve.clone());
                std::thread::spawn(move || serve(stream, &state));
            }
        });
        Self { at, state }
    }

    /// What is answered to requests for this path, in turn; the last answer to all that follow.
    pub(crate) fn on(&self, path: &str, answers: impl IntoIterator<Item = Answer>) {
        self.state.lock().unwrap().answers.insert(path.into(), answers.into_iter().collect());
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.at)
    }

    /// The same server by another name.
    pub(crate) fn other_host(&self, path: &str) -> String {
        format!("{}{path}", self.at.replace("127.0.0.1", "localhost"))
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.state.lock().unwrap().requests.clone()
    }

    /// From which byte on a path was asked for, request by request.
    pub(crate) fn ranges(&self, path: &str) -> Vec<String> {
        let of = |r: Request| (r.target == path).then(|| r.headers.get("range").cloned().unwrap_or_default());
        self.requests().into_iter().filter_map(of).collect()
    }
}

pub(crate) fn serve(stream: impl Read + Write, state: &Mutex<State>) {
    let mut reader = BufReader::new(stream);
    let Some((mut method, mut request)) = read(&mut reader) else { return };
    if method == "CONNECT" {
        // A proxy: whatever host is wanted, this server is it.
        state.lock().unwrap().requests.push(request);
        let _ = reader.get_mut().write_all(b"HTTP/1.1 200 Such\r\n\r\n");
        let Some(through) = read(&mut reader) else { return };
        (method, request) = through;
    }
    assert_eq!(method, "GET");
    let answer = {
        let mut state = state.lock().unwrap();
        state.requests.push(request.clone());
        match state.answers.get_mut(&request.target) {
            Some(answers) if answers.len() > 1 => answers.pop_front().unwrap(),
            Some(answers) => answers[0].clone(),
            None => Answer::status(404),
        }
    };
    // Who hangs up early is the client, and may.
    let _ = send(reader.get_mut(), &request, &answer);
}

fn read(reader: &mut impl BufRead) -> Option<(String, Request)> {
    let mut lines = reader.lines().map_while(Result::ok).take_while(|line| !line.is_empty());
    let first = lines.next()?;
    let mut words = first.split(' ').map(String::from);
    let (method, target) = (words.next()?, words.next()?);
    let headers = lines.filter_map(|l| l.split_once(": ").map(|(k, v)| (k.to_lowercase(), v.to_string()))).collect();
    Some((method, Request { target, headers }))
}

fn send(stream: &mut (impl Read + Write), request: &Request, answer: &Answer) -> std::io::Result<()> {
    std::thread::sleep(answer.pause);
    let total = answer.body.len();
    let range = request.headers.get("range").filter(|_| answer.ranges);
    let start: usize = range.map_or(0, |r| r["bytes=".len()..].trim_end_matches('-').parse().unwrap());
    let (mut status, mut headers, mut body) = (answer.status, answer.headers.clone(), &answer.body[start.min(total)..]);
    if range.is_some() && start >= total {
        status = 416;
        headers.push(("Content-Range".into(), format!("bytes */{total}")));
    } else if range.is_some() {
        status = 206;
        headers.push(("Content-Range".into(), format!("bytes {start}-{}/{total}", total - 1)));
    }
    if !answer.states_no_size && !headers.iter().any(|(name, _)| name == "Content-Length") {
        headers.push(("Content-Length".into(), body.len().to_string()));
    }
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    write!(stream, "HTTP/1.1 {status} Such\r\nConnection: close\r\n{headers}\r\n")?;
    if let Some(sends) = answer.sends {
        body = &body[..sends.min(body.len())];
    }
    stream.write_all(body)?;
    stream.flush()?;
    if answer.hangs {
        // Until the client hangs up.
        stream.read_to_end(&mut vec![])?;
    }
    Ok(())
}
