//! Generated files on the disk.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::Error;
use crate::generate::{GeneratedFile, HEADER};

/// Files and the directory that they belong in.
pub(crate) struct Output<'a> {
    dir: &'a Path,
    files: &'a [GeneratedFile],
}

impl<'a> Output<'a> {
    pub(crate) fn new(dir: &'a Path, files: &'a [GeneratedFile]) -> Self {
        Self { dir, files }
    }

    /// Writes what is not there already; `tidy` removes what an earlier run wrote for packages that
    /// are gone.
    pub(crate) fn write(&self, tidy: bool) -> Result<(), Error> {
        fs::create_dir_all(self.dir).map_err(|error| {
            Error::with_source(format!("cannot make {}", self.dir.display()), error)
        })?;
        for file in self.files {
            write_if_changed(&self.dir.join(&file.name), file.content.as_bytes())?;
        }
        if tidy {
            for path in self.left_over()? {
                fs::remove_file(&path).map_err(|error| {
                    Error::with_source(format!("cannot remove {}", path.display()), error)
                })?;
            }
        }
        Ok(())
    }

    /// Fails where [`write`](Self::write) would change something, and says what.
    pub(crate) fn check(&self, tidy: bool) -> Result<(), Error> {
        let mut differences: Vec<_> = self
            .files
            .iter()
            .map(|file| (self.dir.join(&file.name), file))
            .filter(|(path, file)| !is(path, file.content.as_bytes()))
            .map(|(path, _)| format!("{} is not what is generated now", path.display()))
            .collect();
        if tidy {
            for path in self.left_over()? {
                differences.push(format!("{} is generated no more", path.display()));
            }
        }
        if differences.is_empty() {
            return Ok(());
        }
        differences.push("generate the code again, without `check`".to_owned());
        Err(Error::new(differences.join("\n")))
    }

    /// Files that were generated, but not now.
    fn left_over(&self) -> Result<Vec<PathBuf>, Error> {
        let mut found = generated_files(self.dir)?;
        found.retain(|path| !self.files.iter().any(|file| path.ends_with(&file.name)));
        Ok(found)
    }
}

/// The files in a directory that this generator wrote, sorted.
pub(crate) fn generated_files(dir: &Path) -> Result<Vec<PathBuf>, Error> {
    let read =
        |error: io::Error| Error::with_source(format!("cannot read {}", dir.display()), error);
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).map_err(read)? {
        let path = entry.map_err(read)?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            let content = fs::read(&path).map_err(read)?;
            if content.starts_with(HEADER.as_bytes()) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Writes a file whose content is not there already, so that what is built from it is not built again
/// for nothing.
pub(crate) fn write_if_changed(path: &Path, content: &[u8]) -> Result<(), Error> {
    if is(path, content) {
        return Ok(());
    }
    fs::write(path, content)
        .map_err(|error| Error::with_source(format!("cannot write {}", path.display()), error))
}

fn is(path: &Path, content: &[u8]) -> bool {
    fs::read(path).is_ok_and(|old| old == content)
}
