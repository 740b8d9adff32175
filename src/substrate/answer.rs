//! The program in a completion: what a model hands in, however it wraps it.
//!
//! Thinking is no part of an answer: what stands before the last closing think tag is left out, and so is what an opening
//! one begins and nothing closes. Blocks are found line by line, as CommonMark has them; a block in another language is none.
//! Which of them count is the business of a dataset's [`Protocol`](crate::Protocol).

use rustpython_parser::{Parse, ast};
use std::borrow::Cow;

const THINKING: [&str; 5] = ["think", "thinking", "thought", "reasoning", "seed:think"];

/// CPython's own bound on brackets within brackets.
const NESTED: usize = 200;

/// Whether a program is Python at all.
pub(crate) fn parses(source: &str) -> bool {
    let (mut depth, mut deepest) = (0usize, 0);
    for c in source.chars() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest <= NESTED && ast::Suite::parse(source, "<answer>").is_ok()
}

/// Every block of Python or without a language, in order, with an empty line between them; none where nothing is fenced.
pub(crate) fn every_block(completion: &str) -> Option<String> {
    let blocks = written(answer(completion));
    let ours = blocks.iter().filter(|b| b.language != Language::Other);
    let texts: Vec<String> = ours.map(|b| b.text().trim_matches(['\r', '\n']).to_string() + "\n").collect();
    (!texts.is_empty()).then(|| texts.join("\n"))
}

/// The first block of Python that holds something, else the first without a language, else everything.
pub(crate) fn one_program(completion: &str) -> Cow<'_, str> {
    let text = answer(completion).trim_start_matches('\u{feff}');
    let blocks = written(text);
    // A block that only shows how to call the code may come before the code.
    let of = |wanted: Language| {
        let mut found = blocks.iter().filter(|b| b.language == wanted);
        found.clone().find(|b| defines(b.text().as_ref())).or_else(|| found.next())
    };
    match of(Language::Python).or_else(|| of(Language::Unnamed)) {
        // A fence behind code that stands in none is an example in its documentation, or where the answer ends.
        Some(block) if !(defines(block.before) && (block.indent > 0 || block.language == Language::Unnamed)) => {
            block.text()
        }
        _ => Cow::Borrowed(before_stray_fence(text)),
    }
}

/// The blocks that hold something.
fn written(text: &str) -> Vec<Block<'_>> {
    blocks(text).into_iter().filter(|b| !b.body.trim().is_empty()).collect()
}

/// The completion without its thinking. An opening tag stands at the beginning of a line; code may speak of one.
fn answer(completion: &str) -> &str {
    let lower = completion.to_ascii_lowercase();
    let close = |name: &&str| {
        let tag = format!("</{name}>");
        lower.rfind(&tag).map(|at| at + tag.len())
    };
    let start = THINKING.iter().filter_map(close).max().unwrap_or(0);
    let (text, lower) = (&completion[start..], &lower[start..]);
    let open = |name: &&str| {
        let tag = format!("<{name}>");
        let begins_line =
            |at: &usize| lower[..*at].trim_end_matches([' ', '\t']).chars().next_back().is_none_or(|c| c == '\n');
        lower.match_indices(&tag).map(|(at, _)| at).find(begins_line)
    };
    &text[..THINKING.iter().filter_map(open).min().unwrap_or(text.len())]
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Language {
    Python,
    Unnamed,
    Other,
}

impl Language {
    /// Of what stands behind a fence: `python`, `Python3 title="x"`, `{.py}`.
    fn of(info: &str) -> Self {
        let name: String =
            info.chars().skip_while(|c| !c.is_alphanumeric()).take_while(|c| c.is_alphanumeric()).collect();
        match name.to_ascii_lowercase().as_str() {
            "" => Self::Unnamed,
            "python" | "python2" | "python3" | "py" | "py2" | "py3" | "cpython" | "ipython" | "ipython3" | "pypy"
            | "pypy3" => Self::Python,
            _ => Self::Other,
        }
    }
}

struct Block<'a> {
    language: Language,
    /// The text before its fence.
    before: &'a str,
    /// How far the fence is indented: so far its lines are, too, in a list.
    indent: usize,
    body: &'a str,
}

impl<'a> Block<'a> {
    fn text(&self) -> Cow<'a, str> {
        if self.indent == 0 {
            return Cow::Borrowed(self.body);
        }
        let outdented = |line: &'a str| {
            let blank = line.len() - line.trim_start_matches([' ', '\t']).len();
            &line[blank.min(self.indent)..]
        };
        Cow::Owned(self.body.split_inclusive('\n').map(outdented).collect())
    }
}

/// A run of at least three backticks or tildes.
#[derive(Clone, Copy)]
struct Fence {
    mark: char,
    length: usize,
}

impl Fence {
    /// At the beginning of a text, and the rest of it.
    fn begins(text: &str) -> Option<(Self, &str)> {
        let mark = text.chars().next().filter(|c| matches!(c, '`' | '~'))?;
        let rest = text.trim_start_matches(mark);
        let length = text.len() - rest.len();
        (length >= 3).then_some((Self { mark, length }, rest))
    }

    /// Where this line, if it opens a block, has its fence; and what stands behind it. A model may begin a block of Python
    /// behind a few words.
    fn opens(line: &str) -> Option<(Self, usize, &str)> {
        let text = line.trim_end();
        let words = text.trim_start();
        if let Some((fence, info)) = Self::begins(words) {
            let inline = fence.mark == '`' && info.contains('`');
            return (!inline).then_some((fence, text.len() - words.len(), info));
        }
        let at = text.find("```")?;
        let (fence, info) = Self::begins(&text[at..])?;
        (Language::of(info) == Language::Python && info.chars().all(char::is_alphanumeric)).then_some((fence, 0, info))
    }

    /// Whether a line closes what it opened with this indentation: one that is indented further is text.
    fn closes(self, indent: usize, line: &str) -> bool {
        if line.len() - line.trim_start().len() > indent + 3 {
            return false;
        }
        let found = Self::begins(line.trim());
        found.is_some_and(|(f, rest)| f.mark == self.mark && f.length >= self.length && rest.is_empty())
    }

    /// A line of code with the closing fence behind it, which a model may write too.
    fn closes_behind(self, line: &str) -> Option<usize> {
        let text = line.trim_end();
        let code = text.trim_end_matches(self.mark);
        (text.len() - code.len() >= self.length).then_some(code.len())
    }
}

/// Every fenced block, in order.
fn blocks(text: &str) -> Vec<Block<'_>> {
    let (mut found, mut rest, mut unclosed) = (vec![], text, vec![]);
    while !rest.is_empty() {
        let (line, after) = next_line(rest);
        rest = after;
        if let Some((fence, indent, info)) = Fence::opens(line) {
            let before = &text[..text.len() - rest.len() - line.len()];
            let (body, after) = body(fence, indent, rest, &mut unclosed);
            found.push(Block { language: Language::of(info), before, indent, body });
            rest = after;
        }
    }
    found
}

/// A block's text up to its closing fence, and what comes after. One that nothing closes goes to the end. Which fences no line of
/// their own closes from here on is remembered: to look for it again for every block would take the square of their number.
fn body<'a>(fence: Fence, indent: usize, text: &'a str, unclosed: &mut Vec<(Fence, usize)>) -> (&'a str, &'a str) {
    let ends = |ending: &dyn Fn(&str) -> Option<usize>| {
        let mut rest = text;
        while !rest.is_empty() {
            let (line, after) = next_line(rest);
            let start = text.len() - rest.len();
            if let Some(code) = ending(line) {
                return Some((&text[..start + code], after));
            }
            rest = after;
        }
        None
    };
    let alone = |line: &str| fence.closes(indent, line).then_some(0);
    // What closes a longer fence, or one further out, would close this one, too.
    let known = |(other, further): &(Fence, usize)| {
        fence.mark == other.mark && fence.length >= other.length && indent <= *further
    };
    let closed = if unclosed.iter().any(known) { None } else { ends(&alone) };
    if closed.is_none() {
        unclosed.push((fence, indent));
    }
    closed.or_else(|| ends(&|line| fence.closes_behind(line))).unwrap_or((text, ""))
}

fn next_line(text: &str) -> (&str, &str) {
    text.split_at(text.find('\n').map_or(text.len(), |at| at + 1))
}

/// Whether a text has a line that begins a class or a function as Python does.
fn defines(text: &str) -> bool {
    let begins = |line: &str| ["class ", "def ", "async def "].iter().any(|word| line.starts_with(word));
    text.lines().any(|line| begins(line) && line.trim_end().ends_with(':'))
}

/// Code whose opening fence is missing ends where its closing one stands; where nothing looks like code, it is all of the text.
fn before_stray_fence(text: &str) -> &str {
    let mut rest = text;
    while !rest.is_empty() {
        let (line, after) = next_line(rest);
        let before = &text[..text.len() - rest.len()];
        if Fence::begins(line.trim_end()).is_some_and(|(_, info)| info.is_empty()) && defines(before) {
            return before;
        }
        rest = after;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{one_program as code, *};

    const RIGHT: &str = "class Solution:\n    def f(self, n):\n        return n\n";

    #[test]
    fn a_program_that_is_cut_off_does_not_parse() {
        assert!(parses("class Solution:\n    def f(self, n):\n        return n % 4\n"));
        assert!(!parses("class Solution:\n    def f(self, n):\n        return n %.\n"));
        assert!(!parses(&"(".repeat(100_000)));
    }

    #[test]
    fn brackets_stand_in_one_another_as_deep_as_python_reads_them_and_beside_one_another_without_end() {
        let nested = |depth: usize| "(".repeat(depth) + "1" + &")".repeat(depth);
        assert!(parses(&nested(200)) && !parses(&nested(201)));
        assert!(parses(&"f([{1}])\n".repeat(300)));
    }

    #[test]
    fn fences_are_found_however_they_are_written() {
        for (name, completion) in [
            ("python", format!("Here:\n```python\n{RIGHT}```\nDone")),
            ("python3", format!("```python3\n{RIGHT}```")),
            ("attributes", format!("```{{.python .numberLines}}\n{RIGHT}```")),
            ("a title", format!("```Py title=\"a.py\"\n{RIGHT}```")),
            ("no language", format!("Here:\n```\n{RIGHT}```\n")),
            ("a space before the language", format!("``` python \n{RIGHT}``` \n")),
            ("tildes", format!("~~~python\n{RIGHT}~~~\n")),
            ("four", format!("````python\n{RIGHT}````\n")),
            ("nothing closes it", format!("```python\n{RIGHT}")),
            ("nothing opens it", format!("{RIGHT}```\nThis works because\n")),
            ("nothing closes it, no language", format!("Here:\n```\n{RIGHT}")),
            ("behind words", format!("The answer: ```python\n{RIGHT}```")),
            ("another language first", format!("```bash\npip install x\n```\n```python\n{RIGHT}```")),
            ("output first", format!("```\n1 2 3\n```\n```python\n{RIGHT}```")),
            ("an empty block first", format!("```python\n```\n```python\n{RIGHT}```")),
            ("no fence", RIGHT.into()),
            ("thought before", format!("<think>\n```python\nraise\n```\n</think>\n```python\n{RIGHT}```")),
            ("only the end of a thought", format!("```python\nraise\n```\n</think>\n{RIGHT}")),
            (
                "a thought by another name",
                format!("<Reasoning>\n```python\nraise\n```\n</Reasoning>\n```python\n{RIGHT}```"),
            ),
            ("usage first", format!("```python\nSolution().f(1)\n```\n```python\n{RIGHT}```")),
            ("a byte order mark", format!("\u{feff}{RIGHT}")),
            ("code that speaks of thinking", format!("```python\n{RIGHT}```\nIt has no <think> tag.")),
            ("a thought begun again", format!("```python\n{RIGHT}```\n<think>\n```python\nraise\n")),
            ("a draft in no fence first", format!("def f(n):\n    pass\n\nBetter:\n```python\n{RIGHT}```\n")),
            ("tildes and a title in backticks", format!("~~~python `a.py`\n{RIGHT}~~~\n")),
            ("its end indented by three", format!("```python\n{RIGHT}   ```\nDone\n```\n")),
        ] {
            assert_eq!(code(&completion).trim(), RIGHT.trim(), "{name}");
        }
        assert_eq!(code(&format!("```python\n{RIGHT}```\n").replace('\n', "\r\n")), RIGHT.replace('\n', "\r\n"));
        assert_eq!(code("```python\nx = 1```\nThat is all."), "x = 1");
    }

    #[test]
    fn many_blocks_take_time_in_proportion_to_their_number() {
        let blocks = |text: &str| every_block(text).map(|found| found.lines().filter(|l| l.starts_with("x =")).count());
        for (block, closing) in
            [("```python\nx = 1```\n", ""), ("````python\nx = 1````\n", "```\n"), ("```python\nx = 1```\n", "```\n")]
        {
            let text = block.repeat(100_000) + closing;
            let started = std::time::Instant::now();
            assert!(blocks(&text).is_some_and(|found| found > 0), "{block}");
            assert!(started.elapsed().as_secs() < 20, "{block}: {:?}", started.elapsed());
        }
        assert_eq!(blocks("```python\nx = 1```\n```python\nx = 2```\n"), Some(2));
    }

    #[test]
    fn a_fence_within_a_line_is_none() {
        let source = format!("{RIGHT}    NOTE = '''use ``` around code'''\n");
        assert_eq!(code(&format!("```python\n{source}```\n")), source);
        for text in ["Use ```x = 1``` here.", "```x = 1``` it is.\n", "Use ```foo\nbar\n", "Say ```python here\nnow\n"]
        {
            assert_eq!(code(text), text);
        }
    }

    #[test]
    fn a_block_ends_at_a_fence_of_its_own_mark_that_is_as_long_stands_alone_and_is_not_indented_further() {
        for (fence, within) in [("~~~", "```"), ("````", "```"), ("```", "``` and so on"), ("```", "    ```")] {
            let source = format!("{RIGHT}{within}\nx = 1\n");
            assert_eq!(code(&format!("{fence}python\n{source}{fence}\nDone\n")), source, "{within} in {fence}");
        }
    }

    #[test]
    fn an_example_in_a_docstring_is_no_block() {
        let source = "class Solution:\n    def f(self, n):\n        \"\"\"\n        ```\n        f(1)\n        ```\n        \"\"\"\n        return n\n";
        assert_eq!(code(source), source);
        assert_eq!(
            code(&source.replace("```\n        f", "```python\n        f")),
            source.replace("```\n        f", "```python\n        f")
        );
        assert_eq!(code(&format!("Here:\n```python\n{source}```\nDone")), source);
    }

    #[test]
    fn a_block_in_a_list_is_indented_as_its_fence_is() {
        assert_eq!(code("1. So:\n\t```python\n\tif a:\n\t\tb\n\t```\n"), "if a:\n\tb\n");
        assert_eq!(code("1. So:\n   ```python\n   if a:\n       b\n\n   ```\n"), "if a:\n    b\n\n");
    }

    #[test]
    fn what_is_only_thought_is_no_answer() {
        assert_eq!(code(&format!("<think>\n```python\n{RIGHT}```\nor perhaps")).trim(), "");
        assert_eq!(code("<think>a</think>\n<think>b").trim(), "");
    }
}
