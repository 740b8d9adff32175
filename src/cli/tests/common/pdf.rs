//! What a PDF says, page by page: its glyphs as the characters that their fonts say they stand for; and what it carries beside its pages.

use hayro_syntax::Pdf;
use hayro_syntax::content::TypedIter;
use hayro_syntax::content::ops::TypedInstruction;
use hayro_syntax::object::{self, Name, Object, Stream};
use hayro_syntax::page::Page;
use std::collections::BTreeMap;

/// The characters of each page, without white space and hyphens: where lines break says nothing.
pub(crate) fn pages(bytes: Vec<u8>) -> Vec<String> {
    let pdf = Pdf::new(bytes).unwrap_or_else(|e| panic!("no PDF: {e:?}"));
    pdf.pages().iter().map(|page| squeezed(&text(page))).collect()
}

/// What is beside the pages.
#[derive(Default)]
pub(crate) struct Beside {
    /// The bytes of what is attached.
    pub(crate) attached: Vec<Vec<u8>>,
    /// What figures and equations say to who does not see them.
    pub(crate) words: Vec<String>,
    /// Elements of the structure that ought to have such words.
    pub(crate) wordless: usize,
    /// The description of the file itself.
    pub(crate) metadata: String,
}

impl Beside {
    pub(crate) fn of(bytes: Vec<u8>) -> Self {
        let (pdf, mut found) = (Pdf::new(bytes).unwrap_or_else(|e| panic!("no PDF: {e:?}")), Self::default());
        for object in pdf.objects() {
            match object {
                Object::Stream(stream) => found.stream(&stream),
                Object::Dict(element) => match (element.get::<Name>("S"), element.get::<object::String>("Alt")) {
                    (_, Some(words)) => found.words.push(words_of(words.as_bytes())),
                    (Some(kind), None) if ["Figure", "Formula"].iter().any(|s| kind.as_str() == *s) => {
                        found.wordless += 1;
                    }
                    _ => {}
                },
                _ => {}
            }
        }
        found
    }

    fn stream(&mut self, stream: &Stream) {
        let Some(kind) = stream.dict().get::<Name>("Type") else { return };
        let bytes = || stream.decoded().unwrap_or_else(|e| panic!("{e:?}")).into_owned();
        match kind.as_str() {
            "EmbeddedFile" => self.attached.push(bytes()),
            "Metadata" => self.metadata += &String::from_utf8_lossy(&bytes()),
            _ => {}
        }
    }
}

/// Text outside of pages is of one byte a character, or of two behind a mark.
fn words_of(bytes: &[u8]) -> String {
    match bytes.strip_prefix(&[0xfe, 0xff]) {
        None => String::from_utf8_lossy(bytes).into_owned(),
        Some(wide) => String::from_utf16_lossy(
            &wide.chunks_exact(2).map(|unit| u16::from_be_bytes([unit[0], unit[1]])).collect::<Vec<_>>(),
        ),
    }
}

/// A text as [`pages`] has it.
pub(crate) fn squeezed(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && !"-\u{ad}\u{2010}".contains(*c)).collect()
}

fn text(page: &Page) -> String {
    let (mut out, mut font) = (String::new(), BTreeMap::new());
    let mut operations: TypedIter = page.typed_operations();
    while let Some(operation) = operations.next() {
        let mut show = |shown: &object::String| {
            out.extend(glyphs(shown).iter().filter_map(|glyph| font.get(glyph)).map(String::as_str))
        };
        match operation {
            TypedInstruction::TextFont(chosen) => font = characters(page, chosen.0),
            TypedInstruction::ShowText(shown) => show(shown.0),
            // Between the strings stand numbers, which move what follows.
            TypedInstruction::ShowTexts(shown) => {
                shown.0.iter::<Object>().filter_map(Object::into_string).for_each(|part| show(&part));
            }
            _ => {}
        }
    }
    out
}

fn glyphs(shown: &object::String) -> Vec<u16> {
    shown.as_bytes().chunks_exact(2).map(|glyph| u16::from_be_bytes([glyph[0], glyph[1]])).collect()
}

/// What the glyphs of a font stand for: its `ToUnicode` table has lines such as `<0003> <00660069>`.
fn characters(page: &Page, font: &Name) -> BTreeMap<u16, String> {
    let table = page.resources().get_font(font).and_then(|font| font.get::<Stream>("ToUnicode"));
    let table = table.and_then(|table| table.decoded().ok().map(|bytes| bytes.into_owned())).unwrap_or_default();
    let line = |line: &str| {
        let (glyph, stands_for) = line.strip_prefix('<')?.strip_suffix('>')?.split_once("> <")?;
        let units = |hex: &str| {
            let unit = |at: usize| u16::from_str_radix(hex.get(at..at + 4)?, 16).ok();
            (0..hex.len()).step_by(4).map(unit).collect::<Option<Vec<u16>>>()
        };
        Some((*units(glyph)?.first()?, String::from_utf16(&units(stands_for)?).ok()?))
    };
    String::from_utf8_lossy(&table).lines().filter_map(|text| line(text.trim())).collect()
}
