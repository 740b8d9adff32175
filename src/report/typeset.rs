//! typst in-process. The world that the paper may see is this file: one folder, some bytes made in memory, embedded
//! fonts, a fixed date. No packages, no system fonts, no clock; warnings are errors.

use crate::{ReportError, Result};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use typst::diag::{FileError, FileResult, PackageError, SourceDiagnostic, Warned};
use typst::foundations::{Bytes, Datetime, Duration, Smart};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt, World};
use typst_kit::diagnostics::{DiagnosticFormat, DiagnosticWorld, emit, termcolor};
use typst_kit::files::{FileLoader, FileStore};
use typst_kit::fonts::FontStore;
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards, Timestamp};

/// The day that every paper bears: year, month, day.
pub(crate) const DATE: [u16; 3] = [2026, 1, 1];

/// Compiles `main.typ` in `folder` to PDF/A-3a and PDF/UA-1: self-contained, tagged, every figure and equation with its words. `made`
/// files appear at the root of the folder and win over files of that name.
pub fn pdf(folder: &Path, made: BTreeMap<String, Vec<u8>>) -> Result<Vec<u8>> {
    let [year, month, day] = DATE;
    let date = Datetime::from_ymd_hms(year.into(), month as u8, day as u8, 0, 0, 0).expect("a real date");
    let world = PaperWorld::new(folder, made, date)?;
    let Warned { output, warnings } = typst::compile::<PagedDocument>(&world);
    if !warnings.is_empty() {
        return Err(world.explain(&warnings));
    }
    let document = output.map_err(|errors| world.explain(&errors))?;
    let options = PdfOptions {
        ident: Smart::Custom("gradient-quarantine".into()),
        timestamp: Some(Timestamp::new_utc(date)),
        standards: PdfStandards::new(&[PdfStandard::A_3a, PdfStandard::Ua_1])
            .map_err(|e| ReportError::Typst(format!("{e:?}")))?,
        ..PdfOptions::default()
    };
    typst_pdf::pdf(&document, &options).map_err(|errors| world.explain(&errors))
}

/// Serves files made in memory, and files below one folder after resolving links.
struct PaperFiles {
    folder: PathBuf,
    made: BTreeMap<String, Vec<u8>>,
}

impl FileLoader for PaperFiles {
    fn load(&self, id: FileId) -> FileResult<Bytes> {
        if let VirtualRoot::Package(spec) = id.root() {
            let reason = format!("packages cannot be had offline (asked for {spec})");
            return Err(FileError::Package(PackageError::Other(Some(reason.into()))));
        }
        if let Some(bytes) = self.made.get(id.vpath().get_without_slash()) {
            return Ok(Bytes::new(bytes.clone()));
        }
        let path = id.vpath().realize(&self.folder).map_err(|_| FileError::AccessDenied)?;
        let real = path.canonicalize().map_err(|e| FileError::from_io(e, &path))?;
        if !real.starts_with(&self.folder) {
            return Err(FileError::AccessDenied);
        }
        std::fs::read(&real).map(Bytes::new).map_err(|e| FileError::from_io(e, &path))
    }
}

struct PaperWorld {
    library: LazyHash<Library>,
    fonts: FontStore,
    files: FileStore<PaperFiles>,
    main: FileId,
    date: Datetime,
}

impl PaperWorld {
    fn new(folder: &Path, made: BTreeMap<String, Vec<u8>>, date: Datetime) -> Result<Self> {
        let folder =
            folder.canonicalize().map_err(|source| bundle::BundleError::Read { path: folder.into(), source })?;
        let mut fonts = FontStore::new();
        fonts.extend(typst_kit::fonts::embedded());
        let main = VirtualPath::new("main.typ").expect("a plain name");
        Ok(Self {
            library: LazyHash::new(Library::default()),
            fonts,
            files: FileStore::new(PaperFiles { folder, made }),
            main: RootedPath::new(VirtualRoot::Project, main).intern(),
            date,
        })
    }

    fn explain(&self, diagnostics: &[SourceDiagnostic]) -> ReportError {
        let mut buffer = termcolor::NoColor::new(vec![]);
        let _ = emit(&mut buffer, self, diagnostics, DiagnosticFormat::Human);
        ReportError::Typst(String::from_utf8_lossy(&buffer.into_inner()).into_owned())
    }
}

impl World for PaperWorld {
    fn library(&self) -> &LazyHash<Library> {
        &self.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        self.fonts.book()
    }

    fn main(&self) -> FileId {
        self.main
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        self.files.source(id)
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        self.files.file(id)
    }

    fn font(&self, index: usize) -> Option<Font> {
        self.fonts.font(index)
    }

    fn today(&self, _: Option<Duration>) -> Option<Datetime> {
        Some(self.date)
    }
}

impl DiagnosticWorld for PaperWorld {
    fn name(&self, id: FileId) -> String {
        id.vpath().get_without_slash().into()
    }
}
