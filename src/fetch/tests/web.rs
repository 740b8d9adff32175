//! What comes over the web, from servers that behave and from servers that do not.

mod common;

use bundle::Sha256;
use common::server::Answer;
use common::{World, bytes};
use failure::Kind;
use fetch::{Source, Wanted};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

#[test]
fn files_come_into_their_places_and_nothing_else() {
    let world = World::new();
    let contents: Vec<Vec<u8>> = (0..9).map(|i| bytes(10_000 * (i + 1), i as u8)).collect();
    let wanted: Vec<Wanted> = contents
        .iter()
        .enumerate()
        .map(|(i, file)| world.served(&format!("file-{i}"), file, [Answer::file(file)]))
        .collect();
    let placed = world.fetch(&wanted).unwrap();
    for ((wanted, placed), content) in wanted.iter().zip(&placed).zip(&contents) {
        assert_eq!((&placed.path, placed.sha256), (&wanted.path, Sha256::of(content)));
        assert_eq!(&std::fs::read(&wanted.path).unwrap(), content);
    }
    assert_eq!(world.there().len(), 9);
    world.fetch(&wanted).unwrap();
    assert_eq!(world.server.requests().len(), 9, "what is there is not asked for again");
}

#[test]
fn a_file_known_by_gits_id_alone_is_checked_by_it_and_its_sha256_is_written_down() {
    let world = World::new();
    let file = bytes(70_000, 3);
    for (name, answer) in [("sized", Answer::file(&file)), ("unsized", Answer::file(&file).without_size())] {
        world.server.on(&format!("/{name}"), [answer]);
        let wanted = [world.by_git_id(name, &file)];
        assert_eq!(world.fetch(&wanted).unwrap()[0].sha256, Sha256::of(&file));
        let stated = std::fs::read_to_string(world.path("to").join(format!("{name}.sha256"))).unwrap();
        assert_eq!(stated, format!("{}  {name}\n", Sha256::of(&file)));
    }
    let record = world.path("to/sized.sha256");
    std::fs::write(&record, format!("{}  sized\n", Sha256::of(b"other"))).unwrap();
    world.fails(&[world.by_git_id("sized", &file)], Kind::Input, &["sized.sha256 states"]);

    world.server.on("/wrong", [Answer::file(&bytes(70_000, 4))]);
    world.fails(&[world.by_git_id("wrong", &file)], Kind::Input, &["swh:1:cnt:", "--from"]);
    assert!(!world.path("to/wrong").exists() && !world.path("to/wrong.sha256").exists());
}

#[test]
fn a_server_whose_certificate_is_trusted_is_heard_over_tls_and_no_other() {
    let (mut world, certificate) = World::secure();
    let file = bytes(50_000, 1);
    let whole = Answer::file(&file);
    let wanted = [world.served("file", &file, [whole.clone().cut_after(20_000), whole])];
    world.fails(&wanted, Kind::Input, &["https://127.0.0.1", "no trustworthy connection", "UnknownIssuer"]);
    assert!(world.server.requests().is_empty() && world.there().is_empty());

    let trusted = world.path("trusted.pem");
    std::fs::write(&trusted, certificate).unwrap();
    world.settings.certificates = Some(trusted.clone());
    world.fetch(&wanted).unwrap();
    assert_eq!(world.server.ranges("/file"), ["", "bytes=20000-"]);

    // A certificate is for a name.
    let elsewhere = Wanted { url: world.server.other_host("/file"), ..world.wanted("other", &file) };
    world.fails(&[elsewhere], Kind::Input, &["localhost", "no trustworthy connection"]);
    let (mut impostor, _) = World::secure();
    impostor.settings.certificates = Some(trusted);
    let wanted = [impostor.served("file", &file, [Answer::file(&file)])];
    impostor.fails(&wanted, Kind::Input, &["no trustworthy connection"]);
    assert!(impostor.server.requests().is_empty());
}

#[test]
fn a_connection_that_is_cut_is_gone_on_from_by_range() {
    let world = World::new();
    let file = bytes(50_000, 1);
    let whole = Answer::file(&file);
    let answers = [whole.clone().cut_after(20_000), whole.clone().cut_after(5_000), whole.clone()];
    let wanted = [world.served("file", &file, answers)];
    world.fetch(&wanted).unwrap();
    assert_eq!(world.server.ranges("/file"), ["", "bytes=20000-", "bytes=25000-"]);

    // Without a size in the answer the end of the connection looks like the end of the file.
    let answers = [whole.clone().without_size().cut_after(20_000), whole];
    world.fetch(&[world.served("unsized", &file, answers)]).unwrap();
    assert_eq!(world.server.ranges("/unsized"), ["", "bytes=20000-"]);
}

#[test]
fn a_later_call_goes_on_with_what_an_earlier_one_received() {
    let world = World::new();
    let file = bytes(50_000, 1);
    let wanted = [world.served("file", &file, [Answer::file(&file).cut_after(20_000), Answer::status(502)])];
    world.fails(&wanted, Kind::Resumable, &["HTTP 502", "kept", "run the same command again"]);
    assert_eq!(world.there(), [format!("{}.part", Sha256::of(&file))]);
    world.server.on("/file", [Answer::file(&file)]);
    world.fetch(&wanted).unwrap();
    assert_eq!(world.server.ranges("/file").last().unwrap(), "bytes=20000-");
    assert_eq!(world.there(), ["file"]);
    assert_eq!(world.told("Planned { bytes: 50000, received: 20000 }"), 1);
}

#[test]
fn where_ranges_are_not_served_the_whole_comes_again() {
    let world = World::new();
    let file = bytes(50_000, 1);
    let whole = Answer::file(&file).without_ranges();
    let wanted = [world.served("file", &file, [whole.clone().cut_after(20_000), whole])];
    world.fetch(&wanted).unwrap();
    assert_eq!(world.server.ranges("/file"), ["", "bytes=20000-"]);
    assert_eq!(world.told("Dropped { bytes: 20000 }"), 1);
}

#[test]
fn a_beginning_of_another_file_costs_one_more_download() {
    let world = World::new();
    let (file, other) = (bytes(50_000, 1), bytes(20_000, 2));
    let wanted = [world.served("file", &file, [Answer::file(&file)])];
    common::write(&world.path("to").join(format!("{}.part", Sha256::of(&file))), &other);
    world.fetch(&wanted).unwrap();
    assert_eq!(world.server.ranges("/file"), ["bytes=20000-", ""]);

    // So does one that is longer than the whole, where its size is not known.
    world.server.on("/unsized", [Answer::file(&other)]);
    let wanted = world.by_git_id("unsized", &other);
    let fetch::Digest::Git(id) = &wanted.digest else { unreachable!() };
    common::write(&world.path("to").join(format!("{}.part", id.hex())), &file);
    world.fetch(&[wanted]).unwrap();
    assert_eq!(world.server.ranges("/unsized"), ["bytes=50000-", ""]);
}

#[test]
fn wrong_bytes_in_pieces_are_asked_for_twice_and_not_for_ever() {
    let world = World::new();
    // Each piece is progress enough to forgive the cut behind it.
    let (file, other) = (bytes(3 << 20, 1), bytes(3 << 20, 2));
    let piece = Answer::file(&other).cut_after((1 << 20) + 1);
    world.fails(&[world.served("file", &file, [piece])], Kind::Input, &["thrown away"]);
    assert_eq!(world.server.ranges("/file").len(), 6);
    assert_eq!(world.there(), [""; 0]);
}

#[test]
fn wrong_bytes_and_wrong_sizes_are_thrown_away() {
    let world = World::new();
    let file = bytes(50_000, 1);
    let served = |name: &str, bytes: &[u8]| world.served(name, &file, [Answer::file(bytes)]);
    let wrong = served("wrong", &bytes(50_000, 2));
    world.fails(&[wrong], Kind::Input, &["to/wrong: http://127.0.0.1", "gave sha256", "thrown away"]);
    world.fails(&[served("short", &file[..40_000])], Kind::Input, &["gave 40000 bytes, expected 50000 bytes"]);
    world.fails(&[served("long", &bytes(60_000, 1))], Kind::Input, &["gave 60000 bytes, expected 50000 bytes"]);
    let endless = Answer::file(&bytes(60_000, 1)).without_size();
    world.fails(&[world.served("endless", &file, [endless])], Kind::Input, &["gave more, expected 50000 bytes"]);
    assert_eq!(world.there(), [""; 0]);
}

#[test]
fn the_token_is_told_to_the_endpoint_and_to_nobody_it_sends_on_to() {
    let world = World::with(&[("HF_TOKEN", "secret")]);
    let file = bytes(1000, 1);
    world.server.on("/own/model/resolve/abc/file", [Answer::redirect("/moved")]);
    world.server.on("/moved", [Answer::redirect(&world.server.other_host("/elsewhere"))]);
    world.server.on("/elsewhere", [Answer::file(&file)]);
    world.fetch(&[world.of_hub("file", &file)]).unwrap();
    let told: Vec<_> = world.server.requests().into_iter().map(|r| r.headers.get("authorization").cloned()).collect();
    assert_eq!(told, [Some("Bearer secret".into()), Some("Bearer secret".into()), None]);

    world.server.on("/round", [Answer::redirect("/round")]);
    world.fails(&[world.wanted("round", &file)], Kind::Input, &["more than 20 redirects"]);
}

#[test]
fn what_is_missing_upstream_is_named_and_the_others_come() {
    let world = World::new();
    let file = bytes(1000, 1);
    let missing = world.wanted("missing", &file);
    let there = world.served("there", &file, [Answer::file(&file)]);
    world.fails(&[missing, there], Kind::Input, &["/missing is not there (HTTP 404)", "--from"]);
    assert_eq!(world.there(), ["there"]);
}

#[test]
fn a_gated_file_says_where_its_licence_is_accepted() {
    let file = bytes(1000, 1);
    for status in [401, 403] {
        let world = World::new();
        world.server.on("/own/model/resolve/abc/file", [Answer::status(status)]);
        let says = ["accept the licence at https://huggingface.co/own/model", "set HF_TOKEN"];
        world.fails(&[world.of_hub("file", &file)], Kind::Input, &says);
        let world = World::with(&[("HF_TOKEN", "secret")]);
        world.server.on("/own/model/resolve/abc/file", [Answer::status(status)]);
        let error =
            world.fails(&[world.of_hub("file", &file)], Kind::Input, &["the token that is set may not read it"]);
        assert!(!error.to_string().contains("secret"));
        assert_eq!(world.there(), [""; 0]);
    }
}

#[test]
fn a_server_that_is_too_busy_is_asked_again_when_it_says() {
    let world = World::new();
    let file = bytes(1000, 1);
    let busy = |seconds: &str| Answer::status(429).header("Retry-After", seconds);
    let begun = Instant::now();
    world.fetch(&[world.served("file", &file, [busy("1"), Answer::file(&file)])]).unwrap();
    assert!(begun.elapsed() >= Duration::from_secs(1));
    assert_eq!(world.told(r#"reason: "HTTP 429", wait: 1s"#), 1);
    let wanted = [world.served("later", &file, [busy("3600")])];
    world.fails(&wanted, Kind::Resumable, &["it asks to wait for 3600 s"]);
}

#[test]
fn a_server_that_fails_is_asked_again_a_few_times_and_ever_later() {
    let world = World::new();
    let file = bytes(1000, 1);
    world
        .fetch(&[world.served("file", &file, [Answer::status(500), Answer::status(503), Answer::file(&file)])])
        .unwrap();
    assert_eq!((world.told("wait: 1ms"), world.told("wait: 2ms")), (1, 1));
    world.fails(&[world.served("never", &file, [Answer::status(500)])], Kind::Resumable, &["HTTP 500, after 6 tries"]);
    assert_eq!(world.server.ranges("/never").len(), 6);
    assert_eq!(world.there(), ["file"]);
}

#[test]
fn a_host_that_nobody_answers_at_is_given_up_once_and_not_file_by_file() {
    let world = World::new();
    let file = bytes(1000, 1);
    // Nobody listens on port 1 of this machine.
    let nobody = |name: String| Wanted { url: "http://127.0.0.1:1/file".into(), ..world.wanted(&name, &file) };
    let mut wanted: Vec<Wanted> = (0..12).map(|i| nobody(format!("nobody-{i}"))).collect();
    wanted.push(world.served("file", &file, [Answer::file(&file)]));
    world.fails(&wanted, Kind::Resumable, &["refused", "run the same command again"]);
    assert!(world.told("was given up a moment ago") > 0 && world.told("Retry") < 12 * 5);
    // Whichever of the four that are tried at once gives it up, each of the twelve says why.
    let failed = |told: &&String| told.contains("Failed") && told.contains("refused");
    assert_eq!(world.told.0.lock().unwrap().iter().filter(failed).count(), 12);
    assert_eq!(world.there(), ["file"], "another host is another matter");
}

#[test]
fn a_server_that_falls_silent_is_left_and_asked_again() {
    let world = World::new();
    let file = bytes(50_000, 1);
    let whole = Answer::file(&file);
    let wanted = [world.served("file", &file, [whole.clone().silent_after(20_000), whole])];
    world.fetch(&wanted).unwrap();
    assert_eq!(world.server.ranges("/file"), ["", "bytes=20000-"]);
    assert_eq!(world.told("nothing came for too long"), 1);
}

#[test]
fn a_call_that_is_stopped_ends_at_once_and_the_next_goes_on() {
    let mut world = World::new();
    world.settings.patience = Duration::from_secs(60);
    let file = bytes(50_000, 1);
    let wanted = [world.served("file", &file, [Answer::file(&file).silent_after(20_000), Answer::file(&file)])];
    let begun = Instant::now();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while world.told("Received") == 0 || begun.elapsed() < Duration::from_millis(300) {
                std::thread::sleep(Duration::from_millis(5));
            }
            world.stop.store(true, Ordering::Relaxed);
        });
        world.fails(&wanted, Kind::Resumable, &["stopped", "kept"]);
    });
    assert!(begun.elapsed() < Duration::from_secs(20), "a silent server is not waited for");
    world.stop.store(false, Ordering::Relaxed);
    let placed = world.fetch(&wanted).unwrap();
    assert!(matches!(placed[0].source, Source::Web(_)));
    assert_eq!(world.server.ranges("/file"), ["", "bytes=20000-"]);
}

#[test]
fn what_a_proxy_stands_before_comes_through_it() {
    let proxy = common::server::Server::new();
    let world = World::with(&[("http_proxy", &proxy.url("")), ("no_proxy", "127.0.0.1")]);
    let (far, near) = (bytes(1000, 1), bytes(1000, 2));
    proxy.on("/far", [Answer::file(&far)]);
    let through = Wanted { url: "http://far.invalid/far".into(), ..world.wanted("far", &far) };
    world.fetch(&[through, world.served("near", &near, [Answer::file(&near)])]).unwrap();
    let asked: Vec<String> = proxy.requests().into_iter().map(|r| r.target).collect();
    assert_eq!(asked, ["far.invalid:80", "/far"]);
    assert_eq!(world.server.requests().len(), 1);
}
