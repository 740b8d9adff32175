//! The full tier's own tokenizer and chat template, against ids and texts that nobody here made. The data is not shipped.

use model::{ChatTemplate, Message, Tokenizer};
use trials::{data, unpacked};

fn rollouts() -> Vec<serde_json::Value> {
    unpacked("qwen3_4b_rollouts.jsonl.gz").lines().map(|l| serde_json::from_str(l).unwrap()).collect()
}

fn ids(value: &serde_json::Value) -> Vec<u32> {
    value.as_array().unwrap().iter().map(|id| id.as_u64().unwrap() as u32).collect()
}

fn every_prompt_and_completion_goes_to_ids_and_back() {
    let rows = rollouts();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokenizer.json");
    std::fs::write(&path, unpacked("qwen3_tokenizer.json.gz")).unwrap();
    let tokenizer = Tokenizer::load(&path, "<|im_end|>").unwrap();
    let (mut prompts, mut completions) = (0, 0);
    for row in &rows {
        let (prompt, expected) = (row["prompt"].as_str().unwrap(), ids(&row["prompt_ids"]));
        assert_eq!(tokenizer.encode(prompt).unwrap(), expected, "problem {}", row["problem_id"]);
        prompts += 1;
        for rollout in row["rollouts"].as_array().unwrap() {
            let (text, expected) = (rollout["completion"].as_str().unwrap(), ids(&rollout["completion_ids"]));
            assert_eq!(tokenizer.decode(&expected).unwrap(), text, "problem {}", row["problem_id"]);
            let again = tokenizer.encode(text).unwrap();
            assert_eq!(tokenizer.decode(&again).unwrap(), text);
            // The file pads a group's rows to one length behind their end tokens.
            let sampled = expected.split(|id| *id == tokenizer.end()).next().unwrap();
            completions += usize::from(again == sampled);
        }
    }
    println!("{prompts} prompts; {completions} of 704 completions were sampled as the tokenizer would write them");
    // The library's own Python binding says the same of the other four: the model sampled a longer way to the same text.
    assert_eq!((prompts, completions), (88, 700));
}

/// Takes a rendered prompt apart again: what it was rendered from.
fn messages(prompt: &str) -> Vec<Message> {
    prompt
        .split("<|im_start|>")
        .filter_map(|part| part.strip_suffix("<|im_end|>\n"))
        .filter_map(|part| part.split_once('\n'))
        .map(|(role, content)| Message::new(role, content))
        .collect()
}

/// The model's own template, in a folder as the hub lays it out.
fn template() -> ChatTemplate {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(data("qwen3_tokenizer_config.json"), folder.path().join("tokenizer_config.json")).unwrap();
    ChatTemplate::load(folder.path()).unwrap()
}

fn every_prompt_is_what_the_template_renders_with_thinking_off() {
    let template = template();
    for row in rollouts() {
        let prompt = row["prompt"].as_str().unwrap();
        let messages = messages(prompt);
        assert_eq!(messages.len(), 2, "{prompt}");
        assert_eq!(template.prompt(&messages).unwrap(), prompt);
    }
}

fn an_earlier_answer_loses_its_thoughts() {
    let said = [
        Message::new("user", "Hello?"),
        Message::new("assistant", "<think>\nA greeting.\n</think>\n\nHello."),
        Message::new("user", "Again."),
    ];
    let expected = "<|im_start|>user\nHello?<|im_end|>\n<|im_start|>assistant\nHello.<|im_end|>\n<|im_start|>user\nAgain.\
        <|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n";
    assert_eq!(template().prompt(&said).unwrap(), expected);
}

trials::main!(
    trials::no_data();
    every_prompt_and_completion_goes_to_ids_and_back,
    every_prompt_is_what_the_template_renders_with_thinking_off,
    an_earlier_answer_loses_its_thoughts,
);
