//! `paper.sha256`, beside a paper and beside its receipts: the digests of the paper, of the results and the ledger that it was made of, and
//! of the sources that it was typeset from. What changed afterwards is found, and a paper that comes out otherwise can say why.

use crate::receipts::{DIGEST, LEDGER, RESULTS};
use crate::{ReportError, Result};
use bundle::{BundleError, Sha256, files, pins, write_atomic};
use std::path::{Path, PathBuf};

/// The file's name.
pub(crate) const NAME: &str = "paper.sha256";

/// The paper's name.
pub(crate) const PAPER: &str = "paper.pdf";

/// The folder of committed receipts, one of a tier.
pub const RECEIPTS: &str = "receipts";

/// The folder of the paper's text and looks.
pub(crate) const SOURCES: &str = "paper";

/// Digests as `sha256sum` lists them, the paper's first.
pub struct Statement {
    path: PathBuf,
    lines: Vec<(String, PathBuf)>,
}

impl Statement {
    /// States the paper in `out`, in which the results and the ledger lie, and the receipts of the tiers that it shows beside its own.
    ///
    /// # Errors
    /// A file that cannot be read or written.
    pub fn write(root: &Path, out: &Path, beside: &[&str]) -> Result<()> {
        let made = [PAPER, RESULTS, LEDGER].map(|name| (out.join(name), PathBuf::from(name)));
        let receipts = beside.iter().map(|tier| Path::new(RECEIPTS).join(tier).join(DIGEST));
        let read = sources(root)?.into_iter().chain(receipts).map(|name| (root.join(&name), name));
        let line =
            |(path, name): (PathBuf, PathBuf)| Ok(format!("{}  {}\n", Sha256::of_file(&path)?.0, name.display()));
        let lines = made.into_iter().chain(read).map(line).collect::<Result<String>>()?;
        Ok(write_atomic(&out.join(NAME), lines.as_bytes())?)
    }

    /// The statement in a folder, if there is one: receipts of runs without a paper have none.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn find(folder: &Path) -> Result<Option<Self>> {
        let path = folder.join(NAME);
        if !path.exists() {
            return Ok(None);
        }
        let text = files::read_text(&path)?;
        let line = |(i, line): (usize, &str)| match line.strip_suffix('\n').and_then(|line| line.split_once("  ")) {
            Some((digest, name)) => Ok((digest.into(), name.into())),
            None => {
                let reason = format!("line {} is no digest with a name", i + 1);
                Err(BundleError::Format { path: path.clone(), reason }.into())
            }
        };
        let lines = text.split_inclusive('\n').enumerate().map(line).collect::<Result<_>>()?;
        Ok(Some(Self { path, lines }))
    }

    /// Writes it down once more, in another folder.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn copy(&self, folder: &Path) -> Result<()> {
        Ok(write_atomic(&folder.join(NAME), &files::read(&self.path)?)?)
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn of(&self, name: &Path) -> Option<&str> {
        self.lines.iter().find(|(_, stated)| stated == name).map(|(digest, _)| digest.as_str())
    }

    /// Holds these files of a folder against it.
    ///
    /// # Errors
    /// One that it does not state, or states otherwise.
    pub fn holds(&self, folder: &Path, names: &[&str]) -> Result<()> {
        for name in names {
            let (path, found) = (folder.join(name), Sha256::of_file(&folder.join(name))?.0);
            let stated = self.of(Path::new(name)).unwrap_or("nothing");
            if stated != found.to_string() {
                let expected = format!("sha256 {stated} ({})", self.path.display());
                return Err(BundleError::Digest { path, expected, found: format!("sha256 {found}") }.into());
            }
        }
        Ok(())
    }

    /// Holds a paper that was typeset just now against it.
    ///
    /// # Errors
    /// It is another one: with the sources that are not as they were.
    pub fn same_paper(&self, root: &Path, paper: Sha256) -> Result<()> {
        if self.of(Path::new(PAPER)) == Some(&paper.to_string()) {
            return Ok(());
        }
        let words = match self.changed(root)?.as_slice() {
            [] => "none of its sources has changed since, so the program has".into(),
            changed => format!("{} changed since", changed.join(", ")),
        };
        Err(ReportError::OtherPaper { path: self.path.clone(), words })
    }

    /// Holds the paper in `out`, and all that it was made of, against it.
    ///
    /// # Errors
    /// Any of it is not as it was.
    pub fn whole(&self, root: &Path, out: &Path) -> Result<()> {
        self.holds(out, &[PAPER, RESULTS, LEDGER])?;
        match self.changed(root)?.as_slice() {
            [] => Ok(()),
            changed => {
                let words = format!("{} changed since {PAPER} was made", changed.join(", "));
                Err(ReportError::OldPaper { path: self.path.clone(), words })
            }
        }
    }

    /// The receipts of other tiers that a paper from these would show: beside receipts all there are, beside runs of one's own those stated.
    fn beside(&self, root: &Path) -> Result<Vec<PathBuf>> {
        let folder = self.path.parent().unwrap_or(root);
        if folder.parent() != Some(&root.join(RECEIPTS)) {
            let stated = |name: &&PathBuf| name.starts_with(RECEIPTS) && root.join(name).exists();
            return Ok(self.lines.iter().map(|(_, name)| name).filter(stated).cloned().collect());
        }
        let other = |name: &PathBuf| name.ends_with(DIGEST) && !root.join(RECEIPTS).join(name).starts_with(folder);
        let all = files::list(&root.join(RECEIPTS))?.into_iter().filter(other);
        Ok(all.map(|name| Path::new(RECEIPTS).join(name)).collect())
    }

    /// The sources that are not as they are stated.
    fn changed(&self, root: &Path) -> Result<Vec<String>> {
        let here: Vec<PathBuf> = sources(root)?.into_iter().chain(self.beside(root)?).collect();
        let mut changed = vec![];
        for name in &here {
            if self.of(name) != Some(&Sha256::of_file(&root.join(name))?.0.to_string()) {
                changed.push(name.display().to_string());
            }
        }
        let gone = self.lines.iter().skip(3).map(|(_, name)| name).filter(|name| !here.contains(name));
        changed.extend(gone.map(|name| name.display().to_string()));
        Ok(changed)
    }
}

/// What a paper is typeset from beside results, by name.
fn sources(root: &Path) -> Result<Vec<PathBuf>> {
    let text = files::list(&root.join(SOURCES))?.into_iter().map(|file| Path::new(SOURCES).join(file));
    Ok(text.chain([verify::claims::FILE, pins::FILE].map(PathBuf::from)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The receipts of a tier that is shown beside the paper's own.
    const OTHER: &str = "receipts/other/receipts.sha256";

    struct World(tempfile::TempDir);

    impl World {
        fn new() -> Self {
            let world = Self(tempfile::tempdir().unwrap());
            for name in
                [verify::claims::FILE, pins::FILE, "paper/main.typ", "paper/look.typ", PAPER, RESULTS, LEDGER, OTHER]
            {
                world.put(name, "as it was");
            }
            Statement::write(world.0.path(), world.0.path(), &["other"]).unwrap();
            world
        }

        fn put(&self, name: &str, text: &str) {
            write_atomic(&self.0.path().join(name), text.as_bytes()).unwrap();
        }

        fn stated(&self) -> Statement {
            Statement::find(self.0.path()).unwrap().unwrap()
        }
    }

    #[test]
    fn a_paper_of_other_bytes_is_refused_and_the_source_that_changed_is_named() {
        let world = World::new();
        let paper = |text: &[u8]| world.stated().same_paper(world.0.path(), Sha256::of(text));
        assert!(paper(b"as it was").is_ok());
        let refused = || paper(b"as it is").unwrap_err().to_string();
        assert!(refused().contains("none of its sources"), "{}", refused());
        world.put("paper/main.typ", "other text");
        world.put("paper/more.typ", "more");
        std::fs::remove_file(world.0.path().join("paper/look.typ")).unwrap();
        assert!(refused().contains("paper/main.typ, paper/more.typ, paper/look.typ changed since"), "{}", refused());
        assert!(paper(b"as it was").is_ok(), "the same bytes are the same paper");
    }

    /// Committed receipts show all that lies beside them: a tier that came later is told, too.
    #[test]
    fn receipts_that_came_later_are_named() {
        let (world, own) = (World::new(), "receipts/own/paper.sha256");
        world.put(own, &files::read_text(&world.0.path().join(NAME)).unwrap());
        let refused = || {
            let stated = Statement::find(&world.0.path().join("receipts/own")).unwrap().unwrap();
            stated.same_paper(world.0.path(), Sha256::of(b"as it is")).unwrap_err().to_string()
        };
        assert!(refused().contains("none of its sources"), "{}", refused());
        world.put("receipts/late/receipts.sha256", "new");
        assert!(refused().contains("receipts/late/receipts.sha256 changed since"), "{}", refused());
    }

    #[test]
    fn what_a_paper_was_made_of_is_as_it_was_or_named() {
        let world = World::new();
        let holds = || world.stated().whole(world.0.path(), world.0.path());
        holds().unwrap();
        for name in [PAPER, RESULTS, LEDGER, "paper/look.typ", verify::claims::FILE, pins::FILE, OTHER] {
            world.put(name, "as it is");
            assert!(holds().unwrap_err().to_string().contains(name));
            world.put(name, "as it was");
        }
    }
}
