//! The kernels that the program carries are those of the sources beside them.

use bundle::Sha256;
use std::path::Path;

#[test]
fn every_compiled_kernel_is_of_the_source_beside_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cuda/kernels");
    let common = std::fs::read(folder.join("common.cuh")).unwrap();
    let mut seen = 0;
    for file in bundle::files::list(&folder).unwrap().iter().filter(|f| f.extension().is_some_and(|e| e == "cu")) {
        let source = std::fs::read(folder.join(file)).unwrap();
        let compiled = std::fs::read_to_string(folder.join(file.with_extension("ptx"))).unwrap();
        let expected = format!("// sources {}", Sha256::of(&[&common[..], &source].concat()));
        assert_eq!(compiled.lines().next(), Some(expected.as_str()), "{}: run tools/build-kernels.sh", file.display());
        seen += 1;
    }
    assert_eq!(seen, 7);
}
