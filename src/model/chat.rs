//! A conversation as the text that a chat model was trained on: the template of `tokenizer_config.json`, rendered.

use crate::{ModelError, Result};
use minijinja::{Environment, Value, context};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// Who says what: `system`, `user` or `assistant`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub role: String,
    pub content: String,
}

impl Message {
    pub fn new(role: &str, content: &str) -> Self {
        Self { role: role.into(), content: content.into() }
    }
}

/// The model's own Jinja template.
pub struct ChatTemplate {
    environment: Environment<'static>,
    path: PathBuf,
}

const NAME: &str = "chat";

#[derive(Deserialize)]
struct TokenizerConfig {
    chat_template: String,
}

impl ChatTemplate {
    /// Reads `tokenizer_config.json`.
    pub fn load(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|source| ModelError::Read { path: path.into(), source })?;
        let fail = |reason: String| ModelError::Template { path: path.into(), reason };
        let config: TokenizerConfig = serde_json::from_str(&text).map_err(|e| fail(e.to_string()))?;
        let mut environment = Environment::new();
        // Templates are written for Python's Jinja: they call methods of Python's strings.
        environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        environment.add_template_owned(NAME, config.chat_template).map_err(|e| fail(e.to_string()))?;
        Ok(Self { environment, path: path.into() })
    }

    /// The prompt that asks for the assistant's answer, thinking switched off.
    pub fn prompt(&self, messages: &[Message]) -> Result<String> {
        let fail = |e: minijinja::Error| ModelError::Template { path: self.path.clone(), reason: e.to_string() };
        let template = self.environment.get_template(NAME).map_err(fail)?;
        let pairs = |m: &Message| Value::from_pairs([("role", m.role.as_str()), ("content", m.content.as_str())]);
        let messages: Value = messages.iter().map(pairs).collect();
        template.render(context! { messages, add_generation_prompt => true, enable_thinking => false }).map_err(fail)
    }
}
