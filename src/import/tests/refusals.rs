//! What is wrong with a file, or not known of it, is said by its name; and nothing is written.

mod common;

use common::{File, Key, Packed, imported};
use failure::Kind;
use import::ImportError;

/// These bytes are refused with these words.
fn is_refused(bytes: &[u8], says: &str) -> ImportError {
    let (_keep, out, made) = imported(bytes);
    let error = made.expect_err(says);
    let told = error.to_string();
    assert!(told.contains(says), "`{told}` does not say `{says}`");
    assert!(told.contains("model.gguf"), "{told}");
    assert_eq!(error.kind(), Kind::Input);
    assert!(bundle::files::list(&out).unwrap_or_default().is_empty(), "{told}");
    error
}

/// A tiny file that somebody changed.
fn changed(change: impl FnOnce(&mut File)) -> Vec<u8> {
    let mut file = File::tiny();
    change(&mut file);
    file.bytes()
}

#[test]
fn an_unchanged_file_is_imported() {
    let (_keep, _, made) = imported(&File::tiny().bytes());
    made.unwrap();
}

#[test]
fn a_file_that_is_none_or_not_whole_is_damaged() {
    let whole = File::tiny().bytes();
    for (bytes, says) in [
        (vec![], "it ends inside the four bytes"),
        (b"PK\x03\x04 and so on".to_vec(), "it begins with \"PK\\u{3}\\u{4}\", not with \"GGUF\""),
        (changed(|file| file.version = 1), "its version is 1; 2 and 3 are read here"),
        (changed(|file| file.version = 3u32.swap_bytes()), "big-endian"),
        (whole[..40].to_vec(), "it ends inside"),
        (whole[..whole.len() - 64].to_vec(), "blk.0.ffn_down.weight has 128 bytes from"),
    ] {
        let error = is_refused(&bytes, says);
        assert!(matches!(error, ImportError::Damaged { .. }), "{error}");
    }
    let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n";
    is_refused(pointer, "Git LFS pointer");
}

#[test]
fn a_tensor_that_cannot_be_is_named() {
    let name = "blk.0.ffn_up.weight";
    let with = |change: fn(&mut Packed)| changed(|file| change(file.tensor(name)));
    for (bytes, says) in [
        (with(|t| t.offset = Some(1 << 40)), "ffn_up.weight has 128 bytes from 1099511627776 on"),
        (with(|t| t.offset = Some(u64::MAX - 31)), "ffn_up.weight has 128 bytes from 18446744073709551584 on"),
        (with(|t| t.offset = Some(4)), "ffn_up.weight begins at 4, which is no multiple of 32"),
        (with(|t| t.packing = 10), "ffn_up.weight is packed in the way that has the number 10; read here are F32"),
        (with(|t| t.packing = 8), "ffn_up.weight has rows of 4 values, but Q8_0 packs 32 at once"),
        (with(|t| t.dimensions = vec![1 << 40, 1 << 40]), "more values than can be counted"),
        (with(|t| t.dimensions = vec![u64::MAX, 1]), "more values than can be counted"),
        (with(|t| t.dimensions = vec![4, 8, 1]), "ffn_up.weight has 3 dimensions"),
        (with(|t| t.dimensions = vec![8, 4]), "ffn_up.weight has the shape [4, 8], expected [8, 4]"),
        (with(|t| t.bytes[..4].copy_from_slice(&f32::NAN.to_le_bytes())), "mlp.up_proj.weight has a value in row 0"),
        (with(|t| t.bytes[..4].copy_from_slice(&f32::MAX.to_le_bytes())), "which no bf16 holds"),
        (changed(|file| file.floats(name, &[4, 8])), "it has two tensors blk.0.ffn_up.weight"),
        (changed(|file| file.tensors.retain(|(known, _)| known != name)), "it has no tensor blk.0.ffn_up.weight"),
        (changed(|file| file.floats("rope_freqs.weight", &[1])), "it has the tensor rope_freqs.weight"),
        (changed(|file| file.floats("blk.0.attn_q_norm.weight", &[2])), "it has the tensor blk.0.attn_q_norm.weight"),
    ] {
        is_refused(&bytes, says);
    }
}

#[test]
fn what_would_change_the_mathematics_is_refused_by_its_key() {
    let with = |name: &str, key: Key| changed(|file| file.set(name, key));
    for (bytes, says) in [
        (
            with("general.architecture", "gemma3".into()),
            "its architecture is \"gemma3\"; known here are qwen2, qwen3, llama",
        ),
        (with("qwen2.rope.scaling.type", "yarn".into()), "qwen2.rope.scaling.type is \"yarn\", and only \"none\""),
        (with("qwen2.rope.scaling.factor", Key::Number(4.0)), "qwen2.rope.scaling.factor is 4, and no such key"),
        (with("qwen2.expert_count", Key::Whole(8)), "qwen2.expert_count is 8, and no such key"),
        (with("qwen2.attention.sliding_window", Key::Whole(8)), "qwen2.attention.sliding_window is 8"),
        (with("qwen2.attention.value_length", Key::Whole(4)), "value_length is 4, and only 2 is computed here"),
        (with("qwen2.rope.dimension_count", Key::Whole(1)), "dimension_count is 1, and only 2"),
        (with("qwen2.attention.key_length", Key::Whole(3)), "its heads are 3 wide"),
        (with("qwen2.attention.head_count_kv", Key::Whole(3)), "2 heads cannot share 3"),
        (
            with("qwen2.attention.head_count", Key::Wholes(vec![2])),
            "head_count is a list of 1, expected a whole number",
        ),
        (with("qwen2.block_count", Key::Whole(1 << 23)), "8388608 layers and 14 tensors"),
        (with("qwen2.block_count", Key::Whole(0)), "qwen2.block_count is 0, expected a whole number from 1"),
        (with("qwen2.embedding_length", Key::Whole(u32::MAX)), "qwen2.embedding_length is 4294967295"),
        (with("qwen2.rope.freq_base", Key::Number(f32::NAN)), "qwen2.rope.freq_base is NaN"),
        (with("general.quantization_version", Key::Whole(1)), "general.quantization_version is 1, and only 2"),
        (with("general.type", "adapter".into()), "general.type is \"adapter\""),
        (with("general.alignment", Key::Whole(3)), "general.alignment is 3, expected a power of two"),
        (with("split.count", Key::Whole(2)), "split.count is 2, and no such key"),
        (changed(|file| drop(file.keys.remove("qwen2.context_length"))), "it has no qwen2.context_length"),
    ] {
        is_refused(&bytes, says);
    }
}

#[test]
fn a_tokenizer_that_is_not_this_one_is_refused() {
    let with = |name: &str, key: Key| changed(|file| file.set(&format!("tokenizer.{name}"), key));
    let tokens = |change: fn(&mut Vec<String>)| {
        changed(|file| match file.keys.get_mut("tokenizer.ggml.tokens") {
            Some(Key::Texts(tokens)) => change(tokens),
            _ => unreachable!(),
        })
    };
    let kinds = |change: fn(&mut Vec<i32>)| {
        changed(|file| match file.keys.get_mut("tokenizer.ggml.token_type") {
            Some(Key::Wholes(kinds)) => change(kinds),
            _ => unreachable!(),
        })
    };
    for (bytes, says) in [
        (with("ggml.model", "llama".into()), "tokenizer.ggml.model is \"llama\", and only \"gpt2\""),
        (with("ggml.pre", "smollm".into()), "tokenizer.ggml.pre is \"smollm\", and only \"qwen2\""),
        (with("ggml.add_bos_token", Key::Flag(true)), "tokenizer.ggml.add_bos_token is true, and only false"),
        (with("ggml.eos_token_id", Key::Whole(257)), "eos_token_id is 257, and there are 257 tokens"),
        (with("ggml.merges", Key::Texts(vec!["ab".into()])), "tokenizer.ggml.merges has the entry \"ab\""),
        (with("ggml.merges", Key::Texts(vec!["a b".into()])), "merge of \"a\" and \"b\""),
        (tokens(|tokens| tokens[5] = "A".into()), "it has the token \"A\" twice"),
        (tokens(|tokens| tokens[0] = "long".into()), "it has no token for the byte 33"),
        (tokens(|tokens| drop(tokens.pop())), "it has 257 embeddings, 256 tokens and 257 types"),
        (kinds(|kinds| kinds[7] = 6), "tokenizer.ggml.token_type has the entry 6"),
        (kinds(|kinds| kinds[7] = 5), "token 7 is of no use, but tokens behind it are"),
        (changed(|file| drop(file.keys.remove("tokenizer.chat_template"))), "it has no tokenizer.chat_template"),
    ] {
        is_refused(&bytes, says);
    }
}
