//! `fetch` as somebody calls it: a project whose pins name a tiny model and a tiny benchmark, and a server that has them.

mod common;

use bundle::{Sha256, Swhid};
use common::server::{Answer, Server};
use common::{expect, root};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

const TRAIN: &str = "leetcode_train_medhard_filtered.jsonl";
const TEST: &str = "leetcode_test_medhard.jsonl";

/// A project of pins alone, a plan that reads what is pinned, and where it is to be had.
struct Pinned {
    folder: tempfile::TempDir,
    hub: Server,
}

impl Pinned {
    fn new() -> Self {
        let pinned = Self { folder: tempfile::tempdir().unwrap(), hub: Server::new() };
        for (name, text) in pinned.files() {
            pinned.hub.on(&pinned.route(&name), [Answer::file(text.as_bytes())]);
        }
        let pins: String = pinned.files().iter().map(|(name, text)| pinned.pin(name, text)).collect();
        std::fs::create_dir(pinned.path("checksums")).unwrap();
        std::fs::write(pinned.path("checksums/pins.toml"), pins).unwrap();
        pinned
    }

    fn files(&self) -> Vec<(String, String)> {
        let file = |name: &str, text: &str| (name.to_string(), text.repeat(3000));
        vec![
            file("model/config.json", "{ } "),
            file("model/model.safetensors", "weights "),
            file(&format!("leetcode/{TRAIN}"), "problem\n"),
            file(&format!("leetcode/{TEST}"), "another\n"),
        ]
    }

    /// What the hub, or who stands in for it, is asked for.
    fn route(&self, name: &str) -> String {
        let repository = if name.starts_with("model/") { "own/model" } else { "datasets/own/problems" };
        format!("/{repository}/resolve/abc/{}", name.rsplit('/').next().unwrap())
    }

    fn pin(&self, name: &str, text: &str) -> String {
        let digest = match name.ends_with(TRAIN) {
            true => format!("swhid = \"{}\"", Swhid::of(text.as_bytes())),
            false => format!("bytes = {}\nsha256 = \"{}\"", text.len(), Sha256::of(text.as_bytes())),
        };
        let url = format!("https://huggingface.co{}", self.route(name));
        format!(
            "[[pin]]\npath = \"{name}\"\n{digest}\nurl = \"{url}\"\nlicence = \"MIT\"\norigin = \"a test\"\ntier = \"full\"\n\n"
        )
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The call, with nothing of this machine's own settings.
    fn fetch(&self, more: &[&str]) -> Command {
        let mut command = common::program(self.folder.path());
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("HF_") || name.ends_with("_proxy")) {
            command.env_remove(name);
        }
        command.env("HF_ENDPOINT", self.hub.url("")).env("HF_HOME", self.path("hf"));
        command.arg("fetch").arg("--plan").arg(root().join("src/cli/tests/benchmark.toml")).args(more);
        command
    }

    fn is_whole(&self, folder: &str) -> bool {
        let same =
            |(name, text): (String, String)| std::fs::read_to_string(self.path(folder).join(name)).unwrap() == text;
        self.files().into_iter().all(same)
    }
}

#[test]
fn what_a_plan_reads_is_brought_to_where_it_reads_it() {
    let pinned = Pinned::new();
    // A run records the claims before it reads what it needs.
    common::copy(&root().join("verify"), &pinned.path("verify"));
    let run = || {
        let mut run = common::program(pinned.folder.path());
        run.args(["run", "--device", "cpu", "--plan"]).arg(root().join("src/cli/tests/benchmark.toml"));
        run
    };
    expect(&mut run(), 3, &["fetched/model is missing; `gradient-quarantine fetch` brings"]);
    expect(&mut pinned.fetch(&[]), 0, &["4 files", "0 files were there, 0 come from this machine, 4 were downloaded"]);
    assert!(pinned.is_whole("fetched"));
    let record = std::fs::read_to_string(pinned.path(&format!("fetched/leetcode/{TRAIN}.sha256"))).unwrap();
    assert!(record.starts_with(&Sha256::of("problem\n".repeat(3000).as_bytes()).to_string()));
    // What reads them finds them: a run gets as far as the model itself, which this is none.
    expect(&mut run(), 3, &["fetched/model/config.json is not a model config"]);

    expect(&mut pinned.fetch(&["--offline"]), 0, &["4 files were there", "written down beside it"]);
    assert_eq!(pinned.hub.requests().len(), 4);
}

/// As where the project lies in a store that cannot be written.
#[test]
fn what_is_fetched_and_made_lies_in_the_folder_that_is_named_for_it() {
    let pinned = Pinned::new();
    common::copy(&root().join("verify"), &pinned.path("verify"));
    let state = pinned.path("state");
    expect(pinned.fetch(&[]).env("GQ_STATE", &state), 0, &["4 were downloaded"]);
    assert!(pinned.is_whole("state/fetched") && !pinned.path("fetched").exists());
    let mut run = common::program(pinned.folder.path());
    run.args(["run", "--device", "cpu", "--plan"]).arg(root().join("src/cli/tests/benchmark.toml"));
    let results = format!("results in {}", state.join("runs").display());
    expect(run.env("GQ_STATE", &state), 3, &[&results, "state/fetched/model/config.json is not a model config"]);
}

#[test]
fn a_folder_of_copies_serves_a_machine_without_a_network() {
    let pinned = Pinned::new();
    expect(&mut pinned.fetch(&["--to", pinned.path("stick").to_str().unwrap()]), 0, &["4 were downloaded"]);
    assert!(pinned.is_whole("stick"));
    let stick = pinned.path("stick");
    expect(&mut pinned.fetch(&["--offline", "--from", stick.to_str().unwrap()]), 0, &["4 come from this machine"]);
    assert!(pinned.is_whole("fetched"));
    assert_eq!(pinned.hub.requests().len(), 4);

    let bare = Pinned::new();
    expect(&mut bare.fetch(&["--offline"]), 3, &["fetched/leetcode", "is not there", "--offline"]);
    expect(bare.fetch(&[]).env("HF_HUB_OFFLINE", "1"), 3, &["is not there"]);
    expect(&mut bare.fetch(&["--offline", "--from", "http://mirror"]), 2, &["contradict"]);
}

#[test]
fn a_mirror_has_the_files_as_the_pins_lay_them_out() {
    let (pinned, mirror) = (Pinned::new(), Server::new());
    for (name, text) in pinned.files() {
        mirror.on(&format!("/gq/{name}"), [Answer::file(text.as_bytes())]);
    }
    let mut fetch = pinned.fetch(&["--from", &mirror.url("/gq/")]);
    expect(fetch.env("HF_TOKEN", "secret"), 0, &["4 were downloaded"]);
    assert!(pinned.hub.requests().is_empty());
    assert!(mirror.requests().iter().all(|request| !request.headers.contains_key("authorization")));
}

#[test]
fn each_way_to_fail_has_its_words_and_its_exit_code() {
    let weights = "model/model.safetensors";
    let ways = [
        (Answer::status(404), 3, "is not there (HTTP 404)"),
        (Answer::status(401), 3, "accept the licence at https://huggingface.co/own/model, and set HF_TOKEN"),
        (Answer::file(&[b'x'; 24_000]), 3, "thrown away"),
        (Answer::status(429).header("Retry-After", "3600"), 5, "it asks to wait for 3600 s"),
    ];
    for (answer, code, says) in ways {
        let pinned = Pinned::new();
        pinned.hub.on(&pinned.route(weights), [answer]);
        expect(&mut pinned.fetch(&[]), code, &[says]);
        assert!(!pinned.path("fetched").join(weights).exists());
        let whole = "weights ".repeat(3000);
        pinned.hub.on(&pinned.route(weights), [Answer::file(whole.as_bytes())]);
        expect(&mut pinned.fetch(&[]), 0, &["3 files were there", "1 were downloaded"]);
    }
}

#[test]
fn a_call_that_is_interrupted_ends_with_5_and_the_next_goes_on() {
    let pinned = Pinned::new();
    let weights = pinned.route("model/model.safetensors");
    let whole = "weights ".repeat(3000);
    pinned.hub.on(&weights, [Answer::file(whole.as_bytes()).silent_after(9000), Answer::file(whole.as_bytes())]);
    let mut fetch = pinned.fetch(&[]);
    let mut child = fetch.env("HF_HUB_DOWNLOAD_TIMEOUT", "300").stdout(Stdio::piped()).spawn().unwrap();
    let part = pinned.path("fetched/model").join(format!("{}.part", Sha256::of(whole.as_bytes())));
    // Every other file is whole by now, and of this one everything that will ever come.
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    assert_eq!(lines.filter(|line| line.ends_with(": whole")).take(3).count(), 3);
    while part.metadata().map_or(0, |about| about.len()) < 9000 {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(5));
    expect(&mut pinned.fetch(&[]), 0, &["3 files were there"]);
    assert_eq!(pinned.hub.ranges(&weights), ["", "bytes=9000-"]);
    assert!(pinned.is_whole("fetched") && !part.exists());
}

/// The training problems have no pinned size: that they do not fit shows only when the disk is full.
#[test]
fn a_disk_that_becomes_full_ends_with_5_and_nothing_has_a_files_name() {
    let pinned = Pinned::new();
    let to = pinned.path("small");
    std::fs::create_dir(&to).unwrap();
    let in_small = |kib: usize, fetch: &Command| {
        let mount = format!("mount -t tmpfs -o size={kib}k none \"$0\" && \"$@\"; code=$?; ls -R \"$0\"; exit $code");
        let mut shell = Command::new("unshare");
        shell.args(["--user", "--map-root-user", "--mount", "sh", "-c", &mount]).arg(&to);
        shell.arg(fetch.get_program()).args(fetch.get_args());
        shell.envs(fetch.get_envs().filter_map(|(name, value)| Some((name, value?))));
        shell
    };
    if !in_small(64, &Command::new("true")).output().is_ok_and(|output| output.status.success()) {
        println!("skipped: this user may not mount a file system of its own");
        return;
    }
    let fetch = pinned.fetch(&["--to", to.to_str().unwrap()]);
    // 60,000 bytes have a pinned size, so that is known before anything is asked for.
    expect(&mut in_small(40, &fetch), 5, &["GiB more are needed", "are free"]);
    assert!(pinned.hub.requests().is_empty());

    // Those fit now, and the fourth file, of 2.4 MB, does not.
    let big = "problem\n".repeat(300_000);
    let pins = std::fs::read_to_string(pinned.path("checksums/pins.toml")).unwrap();
    let old = Swhid::of("problem\n".repeat(3000).as_bytes()).to_string();
    std::fs::write(pinned.path("checksums/pins.toml"), pins.replace(&old, &Swhid::of(big.as_bytes()).to_string()))
        .unwrap();
    pinned.hub.on(&pinned.route(&format!("leetcode/{TRAIN}")), [Answer::file(big.as_bytes())]);
    let output = in_small(400, &fetch).output().unwrap();
    let told = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert_eq!(output.status.code(), Some(5), "{told}");
    assert!(told.contains("No space left on device") && told.contains("free some space"), "{told}");
    assert!(!told.lines().any(|line| line == TRAIN), "{told}");
}

#[test]
fn a_tier_that_is_shipped_needs_nothing_and_a_model_without_pins_is_named() {
    let pinned = Pinned::new();
    let mut smoke = common::program(root());
    expect(smoke.args(["fetch", "--tier", "smoke"]), 0, &["there is nothing to fetch"]);
    let plan = std::fs::read_to_string(root().join("src/cli/tests/benchmark.toml")).unwrap();
    std::fs::write(pinned.path("plan.toml"), plan.replace("fetched/model", "fetched/other")).unwrap();
    let mut fetch = common::program(pinned.folder.path());
    expect(fetch.arg("fetch").arg("--plan").arg(pinned.path("plan.toml")), 3, &["fetched/other is not pinned"]);
}
