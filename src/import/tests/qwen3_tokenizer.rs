//! A tokenizer that is taken apart into GGUF's keys and rebuilt cuts every text as it did: the hub's own of Qwen3, whose tokens
//! and merges are Qwen2's.

mod common;

use common::{File, imported};
use serde_json::Value;
use tokenizers::Tokenizer;

/// The file in the shared data.
const NAME: &str = "qwen3_tokenizer.json.gz";

/// Texts that are cut in every way that the pattern has, and some that look like code.
const TEXTS: [&str; 10] = [
    "def f(n):\n    return [i ** 2 for i in range(n) if i % 3 != 0]\n",
    "class Solution:\n\tdef run(self, xs: list[int]) -> dict:\n\t\treturn {x: xs.count(x) for x in xs}\r\n\r\n",
    "I'll say it's 12345 o'clock; WE'RE done, aren't we?   \n\n  \t x",
    "<|im_start|>user\nWrite code.<|im_end|>\n<|im_start|>assistant\n",
    "Stra\u{df}e, na\u{ef}ve, e\u{301}clair, \u{212b}, \u{1e9b}\u{323}",
    "\u{4f60}\u{597d}\u{ff0c}\u{4e16}\u{754c} \u{939}\u{93f}\u{928}\u{94d}\u{926}\u{940} \u{645}\u{631}\u{62d}\u{628}\u{627}",
    "\u{1f600}\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467} \u{0}\u{1}\u{7f}\u{a0}\u{3000}end",
    "x=1;y==2!==3>>=4//5...??\"\"\"doc\"\"\" # comment",
    "<|fim_prefix|>a<|fim_suffix|>b<|fim_middle|><|endoftext|>",
    "",
];

fn hub() -> Value {
    serde_json::from_str(&trials::unpacked(NAME)).unwrap()
}

/// The tokenizer as a file of ours has it.
fn rebuilt(hub: &Value) -> Tokenizer {
    let texts = hub["model"]["vocab"].as_object().unwrap().iter();
    let mut tokens: Vec<(u64, String, i32)> =
        texts.map(|(token, id)| (id.as_u64().unwrap(), token.clone(), 1)).collect();
    tokens.extend(hub["added_tokens"].as_array().unwrap().iter().map(|token| {
        let kind = if token["special"] == true { 3 } else { 4 };
        (token["id"].as_u64().unwrap(), token["content"].as_str().unwrap().into(), kind)
    }));
    tokens.sort();
    let merges = hub["model"]["merges"].as_array().unwrap().iter();
    let merges = merges.map(|pair| format!("{} {}", pair[0].as_str().unwrap(), pair[1].as_str().unwrap()));
    let file = File::qwen2(tokens.into_iter().map(|(_, token, kind)| (token, kind)).collect(), merges.collect());
    let (_keep, out, made) = imported(&file.bytes());
    made.unwrap();
    Tokenizer::from_file(out.join("tokenizer.json")).unwrap()
}

fn every_text_is_cut_and_put_together_as_the_hubs_does() {
    let hub = hub();
    let (own, theirs) = (rebuilt(&hub), Tokenizer::from_bytes(hub.to_string()).unwrap());
    // Ordinary texts too: code, prose, and what people type.
    let files = ["lib.rs", "tests/make_fixtures.py", "tests/qwen3_tokenizer.rs"];
    let sources = files.map(|name| std::fs::read_to_string(format!("{}/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap());
    for text in TEXTS.into_iter().chain(sources.iter().map(String::as_str)) {
        let (mine, expected) = (own.encode(text, false).unwrap(), theirs.encode(text, false).unwrap());
        assert_eq!(mine.get_ids(), expected.get_ids(), "{text:?}");
        for skip in [true, false] {
            let decoded = own.decode(mine.get_ids(), skip).unwrap();
            assert_eq!(decoded, theirs.decode(mine.get_ids(), skip).unwrap(), "{text:?}");
        }
    }
    assert_eq!(own.get_vocab_size(true), theirs.get_vocab_size(true));
}

trials::main!(trials::no_data(); every_text_is_cut_and_put_together_as_the_hubs_does);
