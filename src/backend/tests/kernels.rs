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
