//! `import` as somebody calls it.

mod common;

use bundle::Sha256;
use common::{expect, program, root};

#[test]
fn a_gguf_becomes_a_folder_whose_digests_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let (file, out) = (root().join("src/import/tests/fixtures/qwen2.gguf"), folder.path().join("model"));
    let mut import = program(root());
    import.arg("import").arg("--gguf").arg(&file).arg("--out").arg(&out);
    expect(&mut import, 0, &["dequantised from Q4_K_M", "output.weight is used for both"]);
    let (digest, _) = Sha256::of_file(&out.join("model.safetensors")).unwrap();
    expect(&mut import, 0, &[&format!("{digest}  model.safetensors")]);

    let mut occupied = program(root());
    occupied.arg("import").arg("--gguf").arg(&file).arg("--out").arg(root().join("checksums"));
    expect(&mut occupied, 2, &["pins.toml, which no import writes"]);
    let mut missing = program(root());
    missing.args(["import", "--gguf", "nowhere.gguf", "--out"]).arg(folder.path().join("none"));
    expect(&mut missing, 3, &["cannot read nowhere.gguf"]);
    let mut other = program(root());
    other.arg("import").arg("--gguf").arg(root().join("LICENSE")).arg("--out").arg(folder.path().join("none"));
    expect(&mut other, 3, &["LICENSE is no whole GGUF file: it begins with"]);
}
