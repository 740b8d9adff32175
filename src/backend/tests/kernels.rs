//! The kernels that the program carries are those of the sources beside them.

use bundle::Sha256;
use std::path::Path;

#[test]
fn every_compiled_kernel_is_of_the_source_beside_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cuda/kernels");
    let common = std::fs::read(folder.join("common.cuh")).unwrap();
    let mut seen = vec![];
    for file in bundle::files::list(&folder).unwrap().iter().filter(|f| f.extension().is_some_and(|e| e == "cu")) {
        let source = std::fs::read(folder.join(file)).unwrap();
        let expected = format!("// sources {}", Sha256::of(&[&common[..], &source].concat()));
        let for_hopper = String::from_utf8_lossy(&source).contains("SM90_ALL").then_some("hopper.ptx");
        for kind in ["ptx"].into_iter().chain(for_hopper) {
            let file = file.with_extension(kind);
            let compiled = std::fs::read_to_string(folder.join(&file)).unwrap();
            assert_eq!(compiled.lines().next(), Some(&expected[..]), "{}: run tools/build-kernels.sh", file.display());
            seen.push(file);
        }
    }
    assert_eq!(seen.len(), 9, "{seen:?}");
}

/// Kernels are asked for by name, some with a type behind it, on a machine that the tests do not have.
#[test]
fn every_compiled_kernel_is_asked_for_by_the_name_that_it_has() {
    let backend = Path::new(env!("CARGO_MANIFEST_DIR")).join("cuda");
    let text = |path: &Path| std::fs::read_to_string(path).unwrap();
    let mut code = String::new();
    for folder in [backend.clone(), backend.join("../../generate/cuda")] {
        for file in bundle::files::list(&folder).unwrap().iter().filter(|f| f.extension().is_some_and(|e| e == "rs")) {
            code += &text(&folder.join(file));
        }
    }
    let word = |c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    let asked: Vec<&str> =
        code.split('"').filter_map(|literal| literal.split(word).next()).filter(|n| n.len() > 3).collect();
    let kernels = backend.join("kernels");
    let mut compiled = 0;
    for file in bundle::files::list(&kernels).unwrap().iter().filter(|f| f.extension().is_some_and(|e| e == "ptx")) {
        for entry in text(&kernels.join(file)).split(".entry ").skip(1).filter_map(|rest| rest.split('(').next()) {
            assert!(asked.iter().any(|name| entry.starts_with(name)), "{}: nothing asks for {entry}", file.display());
            compiled += 1;
        }
    }
    assert!(compiled > 50, "{compiled} kernels");
}
