//! A conversation as the text that a chat model was trained on: the model's own template, rendered as the hub's tools render it.

use crate::{ModelError, Result, hub};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Kwargs;
use minijinja::{Environment, Error, ErrorKind, Value, context};
use serde::Serialize;
use serde_json::ser::{PrettyFormatter, Serializer};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Who says what: `system`, `user` or `assistant`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Who says it; templates know these three words only.
    pub role: String,
    /// What is said, in plain text.
    pub content: String,
}

impl Message {
    /// From who says it and what is said.
    pub fn new(role: &str, content: &str) -> Self {
        Self { role: role.into(), content: content.into() }
    }
}

/// The model's own Jinja template.
pub struct ChatTemplate {
    environment: Environment<'static>,
    path: PathBuf,
    source: String,
    /// Special tokens that templates write, by name.
    tokens: Vec<(&'static str, String)>,
}

const NAME: &str = "chat";
const TOKENS: [&str; 4] = ["bos_token", "eos_token", "pad_token", "unk_token"];

impl ChatTemplate {
    /// Reads the template of a model's folder.
    ///
    /// # Errors
    /// A folder without one, or one that is no template.
    pub fn load(folder: &Path) -> Result<Self> {
        let none = || ModelError::Template { path: folder.into(), reason: "there is none".into() };
        let (path, source) = hub::chat_template(folder)?.ok_or_else(none)?;
        let fail = |e: Error| ModelError::Template { path: path.clone(), reason: e.to_string() };
        let mut environment = Environment::new();
        environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build().map_err(fail)?);
        // Templates are written for Python's Jinja: they call methods of Python's strings.
        environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        environment.add_function("raise_exception", |words: String| -> std::result::Result<Value, Error> {
            Err(Error::new(ErrorKind::InvalidOperation, words))
        });
        environment.add_filter("tojson", tojson);
        environment.add_template_owned(NAME, without_generation_tags(&source)).map_err(fail)?;
        let mut tokens = vec![];
        for name in TOKENS {
            tokens.extend(hub::special_token(folder, name)?.map(|text| (name, text)));
        }
        Ok(Self { environment, path, source, tokens })
    }

    /// The template's own text.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The file that it stands in.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The tokens that it marks a conversation with: those of the form `<|im_start|>`, and special ones that it writes.
    ///
    /// # Errors
    /// The template's own refusal.
    pub fn marks(&self) -> Result<BTreeSet<String>> {
        let text = self.prompt(&[Message::new("system", "S"), Message::new("user", "U")])?;
        let ends = |rest: &str| rest.find("|>").map(|end| rest[..end + 2].to_string());
        let marks = text.match_indices("<|").filter_map(|(at, _)| ends(&text[at..]));
        let special = self.tokens.iter().map(|(_, token)| token.clone()).filter(|token| text.contains(token));
        Ok(marks.chain(special).filter(|mark| !mark.contains(char::is_whitespace)).collect())
    }

    /// The prompt that asks for the assistant's answer, thinking switched off.
    ///
    /// # Errors
    /// The template's own refusal, or something that it asks for and is not there: today's date, say, on which no prompt may
    /// depend.
    pub fn prompt(&self, messages: &[Message]) -> Result<String> {
        let fail = |e: Error| ModelError::Template { path: self.path.clone(), reason: e.to_string() };
        let template = self.environment.get_template(NAME).map_err(fail)?;
        let pairs = |m: &Message| Value::from_pairs([("role", m.role.as_str()), ("content", m.content.as_str())]);
        let messages: Value = messages.iter().map(pairs).collect();
        let tokens = Value::from_pairs(self.tokens.iter().map(|(name, text)| (*name, text.as_str())));
        let asked = context! {
            messages, add_generation_prompt => true, enable_thinking => false, tools => (), documents => (), ..tokens
        };
        template.render(asked).map_err(fail)
    }
}

/// `{% generation %}` marks what training on conversations learns from; it writes nothing.
fn without_generation_tags(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(at) = rest.find("{%") {
        let end = rest[at..].find("%}").map_or(rest.len(), |n| at + n + 2);
        let tag = &rest[at..end];
        out.push_str(&rest[..at]);
        let word = tag.trim_matches(|c: char| "{}%-+".contains(c) || c.is_whitespace());
        match word {
            "generation" => out.push_str(&tag.replacen("generation", "if true", 1)),
            "endgeneration" => out.push_str(&tag.replacen("endgeneration", "endif", 1)),
            _ => out.push_str(tag),
        }
        rest = &rest[end..];
    }
    out + rest
}

/// JSON as Python writes it: a space behind commas and colons, letters as they are.
fn tojson(value: Value, options: Kwargs) -> std::result::Result<Value, Error> {
    struct Spaced;
    impl serde_json::ser::Formatter for Spaced {
        fn begin_array_value<W: ?Sized + std::io::Write>(&mut self, to: &mut W, first: bool) -> std::io::Result<()> {
            if first { Ok(()) } else { to.write_all(b", ") }
        }
        fn begin_object_key<W: ?Sized + std::io::Write>(&mut self, to: &mut W, first: bool) -> std::io::Result<()> {
            if first { Ok(()) } else { to.write_all(b", ") }
        }
        fn begin_object_value<W: ?Sized + std::io::Write>(&mut self, to: &mut W) -> std::io::Result<()> {
            to.write_all(b": ")
        }
    }
    let mut out = vec![];
    let wrong = |e: &dyn std::fmt::Display| Error::new(ErrorKind::InvalidOperation, e.to_string());
    // Letters are left as they are in either case, and keys in their order.
    let (_, indent) = (options.get::<Option<bool>>("ensure_ascii")?, options.get::<Option<usize>>("indent")?);
    options.assert_all_used()?;
    let written = match indent.map(|n| " ".repeat(n)) {
        None => value.serialize(&mut Serializer::with_formatter(&mut out, Spaced)),
        Some(indent) => {
            let lines = PrettyFormatter::with_indent(indent.as_bytes());
            value.serialize(&mut Serializer::with_formatter(&mut out, lines))
        }
    };
    written.map_err(|e| wrong(&e))?;
    String::from_utf8(out).map(Value::from_safe_string).map_err(|e| wrong(&e))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(template: &str, config: serde_json::Value) -> Result<String> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("chat_template.jinja"), template).unwrap();
        std::fs::write(folder.path().join("tokenizer_config.json"), config.to_string()).unwrap();
        ChatTemplate::load(folder.path())?.prompt(&[Message::new("user", "<hi>"), Message::new("assistant", "ho")])
    }

    /// What each gives in Python's Jinja, set up as the hub's tools set it up.
    #[test]
    fn templates_are_rendered_as_the_hubs_tools_render_them() {
        let tokens = serde_json::json!({ "bos_token": "<s>", "eos_token": { "content": "</s>" } });
        for (template, text) in [
            ("{% for m in messages %}\n{{ m.content }}\n{% endfor %}\n", "<hi>\nho\n"),
            (
                "{% for m in messages %}{%- generation -%} {{ m.role }} {%- endgeneration %},{% endfor %}",
                "user,assistant,",
            ),
            ("{% for m in messages %}{% if loop.index0 == 1 %}{% break %}{% endif %}{{ m.role }}{% endfor %}", "user"),
            ("{{ bos_token }}{{ eos_token }}{{ pad_token }}", "<s></s>"),
            ("{{ messages[0] | tojson }}", "{\"role\": \"user\", \"content\": \"<hi>\"}"),
            ("{{ {'a': [1]} | tojson(indent=2) }}", "{\n  \"a\": [\n    1\n  ]\n}"),
            ("{% if tools is not none %}tools{% else %}none{% endif %}", "none"),
            ("{% if strftime_now is defined %}{{ strftime_now('%Y') }}{% endif %}x", "x"),
            ("{% for m in messages[::-1] %}{{ m.role }}{% endfor %}", "assistantuser"),
            ("{% if enable_thinking is defined and not enable_thinking %}quiet{% endif %}", "quiet"),
        ] {
            assert_eq!(rendered(template, tokens.clone()).unwrap(), text, "{template}");
        }
    }

    #[test]
    fn a_template_may_refuse_and_may_not_ask_for_the_date() {
        for (template, says) in [
            ("{{ raise_exception('roles must alternate') }}", "roles must alternate"),
            ("{{ strftime_now('%Y') }}", "strftime_now"),
        ] {
            let told = rendered(template, serde_json::json!({})).unwrap_err().to_string();
            assert!(told.contains(says), "{told}");
        }
    }

    #[test]
    fn the_file_of_its_own_comes_first_and_older_places_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        let source = || ChatTemplate::load(folder.path()).map(|t| t.source().to_string());
        assert!(source().is_err());
        write(
            "tokenizer_config.json",
            r#"{"chat_template": [{"name": "tool_use", "template": "t"}, {"name": "default", "template": "d"}]}"#,
        );
        assert_eq!(source().unwrap(), "d");
        write("tokenizer_config.json", r#"{"chat_template": "inline"}"#);
        assert_eq!(source().unwrap(), "inline");
        write("chat_template.jinja", "own");
        assert_eq!(source().unwrap(), "own");
    }
}
