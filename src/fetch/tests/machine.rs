//! What is on the machine already, who else is at work there, and what has no room.

mod common;

use bundle::Sha256;
use common::server::Answer;
use common::{World, bytes, write};
use failure::Kind;
use fetch::{Source, Wanted};
use std::os::unix::fs::{MetadataExt, symlink};
use std::time::Duration;

#[test]
fn what_the_hubs_cache_holds_is_not_downloaded_and_takes_no_more_space() {
    let world = World::new();
    let (one, two) = (bytes(5000, 1), bytes(6000, 2));
    let repository = world.path("hf/hub/models--own--model");
    let blob = repository.join("blobs").join("of-any-name");
    write(&blob, &one);
    write(&repository.join("blobs").join(Sha256::of(&two).to_string()), &two);
    std::fs::create_dir_all(repository.join("snapshots/abc")).unwrap();
    symlink("../../blobs/of-any-name", repository.join("snapshots/abc/one")).unwrap();
    let wanted = [world.of_hub("one", &one), world.of_hub("two", &two)];
    let placed = world.fetch(&wanted).unwrap();
    assert!(placed.iter().all(|file| matches!(file.source, Source::Copy(_))), "{placed:?}");
    assert!(world.server.requests().is_empty());
    let about = wanted[0].path.symlink_metadata().unwrap();
    assert!(about.is_file() && about.ino() == blob.metadata().unwrap().ino());
    assert_eq!(world.there(), ["one", "two"]);
}

#[test]
fn a_folder_of_copies_is_searched_by_digest_whatever_the_files_are_called() {
    let mut world = World::new();
    let (one, two) = (bytes(5000, 1), bytes(6000, 2));
    write(&world.path("disk/deep/renamed.bin"), &one);
    // Of the right name and size, and not the file.
    write(&world.path("disk/two"), &bytes(6000, 3));
    write(&world.path("disk/git"), &one);
    world.folders = vec![world.path("disk")];
    let wanted =
        [world.wanted("one", &one), world.served("two", &two, [Answer::file(&two)]), world.by_git_id("git", &one)];
    let placed = world.fetch(&wanted).unwrap();
    assert_eq!(placed[0].source, Source::Copy(world.path("disk/deep/renamed.bin")));
    assert_eq!(placed[1].source, Source::Web(world.server.url("/two")));
    assert_eq!(placed[2].source, Source::Copy(world.path("disk/git")));
    world.folders = vec![world.path("nowhere")];
    world.fails(&wanted, Kind::Input, &["nowhere"]);
}

#[test]
fn offline_nothing_is_asked_for_and_what_is_missing_is_named() {
    let world = World::with(&[("HF_HUB_OFFLINE", "1")]);
    let file = bytes(5000, 1);
    let says = ["to/file is not there, nor in", "hf/hub", "--offline"];
    world.fails(&[world.served("file", &file, [Answer::file(&file)])], Kind::Input, &says);
    assert!(world.server.requests().is_empty() && world.there().is_empty());
}

#[test]
fn a_damaged_file_is_replaced_only_by_the_right_one() {
    let world = World::new();
    let file = bytes(5000, 1);
    let wanted = [world.served("file", &file, [Answer::file(&bytes(5000, 2)), Answer::file(&file)])];
    write(&wanted[0].path, b"damaged");
    world.fails(&wanted, Kind::Input, &["thrown away"]);
    assert_eq!(std::fs::read(&wanted[0].path).unwrap(), b"damaged");
    world.fetch(&wanted).unwrap();
    assert_eq!(std::fs::read(&wanted[0].path).unwrap(), file);
}

#[test]
fn of_two_fetches_at_once_one_brings_a_file_and_both_have_it() {
    let world = World::new();
    let files: Vec<Vec<u8>> = (0..6).map(|i| bytes(30_000, i)).collect();
    let wanted: Vec<Wanted> = files
        .iter()
        .enumerate()
        .map(|(i, file)| {
            let slow = Answer::file(file).slow(Duration::from_millis(150));
            world.served(&format!("file-{i}"), file, [slow])
        })
        .collect();
    std::thread::scope(|scope| {
        let both: Vec<_> = (0..2).map(|_| scope.spawn(|| world.fetch(&wanted).unwrap())).collect();
        for one in both {
            assert_eq!(one.join().unwrap().len(), 6);
        }
    });
    assert_eq!(world.server.requests().len(), 6);
    assert_eq!(world.there().len(), 6);
    assert!(world.told("Waiting") > 0);
}

#[test]
fn what_does_not_fit_is_refused_before_the_first_byte() {
    let world = World::new();
    let file = bytes(5000, 1);
    let huge = Wanted { bytes: Some(1 << 60), ..world.served("file", &file, [Answer::file(&file)]) };
    world.fails(&[huge], Kind::Resumable, &["1073741824.00 GiB more are needed", "GiB are free", "--to"]);
    assert!(world.server.requests().is_empty());
}

#[test]
fn certificates_that_are_none_are_refused_by_their_file() {
    let mut world = World::new();
    write(&world.path("ca.pem"), b"nothing\n");
    for (file, says) in [("ca.pem", "it holds no certificate"), ("missing.pem", "cannot read")] {
        world.settings.certificates = Some(world.path(file));
        let error = world.fetch(&[]).unwrap_err().to_string();
        assert!(error.contains(file) && error.contains(says), "{error}");
    }
}

#[test]
fn wanted_are_the_pinned_files_of_a_folder_that_are_not_shipped() {
    let folder = tempfile::tempdir().unwrap();
    let (path, sha) = (folder.path().join("pins.toml"), Sha256::of(b"x"));
    let pin = |path: &str, more: &str| {
        format!("[[pin]]\npath = \"{path}\"\n{more}\nlicence = \"MIT\"\norigin = \"x\"\ntier = \"full\"\n")
    };
    let id = "swh:1:cnt:ce013625030ba8dba906f756967f9e9ca394464a";
    let pins = [
        pin("model/a", &format!("sha256 = \"{sha}\"\nbytes = 1\nurl = \"https://h/a\"")),
        pin("model/b", &format!("swhid = \"{id}\"\nurl = \"https://h/b\"")),
        pin("model/shipped", &format!("sha256 = \"{sha}\"")),
        pin("model/made", &format!("sha256 = \"{sha}\"\nmade_of = \"other/c\"")),
        pin("other/c", &format!("sha256 = \"{sha}\"\nurl = \"https://h/c\"")),
    ];
    write(&path, pins[..4].concat().as_bytes());
    let error = bundle::Pins::load(&path).unwrap_err().to_string();
    assert!(error.ends_with("model/made is made of a file that no pin brings"), "{error}");
    write(&path, pins.concat().as_bytes());
    let pins = bundle::Pins::load(&path).unwrap();
    let (model, to) = (std::path::Path::new("model"), std::path::Path::new("/to/model"));
    let wanted = fetch::wanted(&pins, model, to, None);
    let told: Vec<String> =
        wanted.iter().map(|w| format!("{} {} {:?} {}", w.path.display(), w.url, w.bytes, w.digest)).collect();
    assert_eq!(
        told,
        [format!("/to/model/a https://h/a Some(1) sha256 {sha}"), format!("/to/model/b https://h/b None {id}")]
    );
    let made: Vec<String> = pins.of(model).filter_map(|pin| Some(Wanted::made(pin, to)?.url)).collect();
    assert_eq!(made, ["an import of other/c"]);
    assert_eq!(pins.shipped().count(), 1);
    let mirrored = fetch::wanted(&pins, model, to, Some("http://mirror/x/"));
    assert_eq!(mirrored[0].url, "http://mirror/x/model/a");
}
