//! The raw results: a line is one sample, `part<TAB>case<TAB>peer<TAB>metric<TAB>value<TAB>round`.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

use crate::Result;

/// A value that was measured once.
pub(crate) struct Sample {
    pub(crate) part: String,
    pub(crate) case: String,
    pub(crate) peer: String,
    pub(crate) metric: String,
    pub(crate) value: f64,
    pub(crate) round: u32,
}

impl Sample {
    fn parse(line: &str) -> Option<Self> {
        let mut fields = line.split('\t');
        let mut text = || fields.next().map(str::to_owned);
        let (part, case, peer, metric) = (text()?, text()?, text()?, text()?);
        Some(Self {
            part,
            case,
            peer,
            metric,
            value: fields.next()?.trim().parse().ok()?,
            round: fields.next()?.trim().parse().ok()?,
        })
    }
}

/// All samples in the `.tsv` files of a folder, in the order of their names.
pub(crate) fn read(folder: &str) -> Result<Vec<Sample>> {
    let mut files = vec![];
    let entries = fs::read_dir(folder)
        .map_err(|error| format!("{folder}: {error}; `benches/run` fills it"))?;
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|it| it == "tsv") {
            files.push(path);
        }
    }
    files.sort();
    let mut samples = vec![];
    for path in files {
        for line in fs::read_to_string(&path)?.lines() {
            let sample = Sample::parse(line);
            let unknown = || {
                format!(
                    "{}: not part, case, peer, metric, value and round with tabs between: {line:?}; \
                     measure that part again",
                    path.display()
                )
            };
            samples.push(sample.ok_or_else(unknown)?);
        }
    }
    Ok(samples)
}

/// The file that samples of a part are written to, as they come.
pub(crate) struct Output {
    file: File,
    part: &'static str,
}

impl Output {
    pub(crate) fn create(file: &str, part: &'static str) -> Result<Self> {
        if let Some(folder) = Path::new(file).parent() {
            fs::create_dir_all(folder)?;
        }
        let file = File::create(file).map_err(|error| format!("{file}: {error}"))?;
        Ok(Self { file, part })
    }

    pub(crate) fn sample(
        &mut self,
        case: &str,
        peer: &str,
        metric: &str,
        value: f64,
        round: u32,
    ) -> Result<()> {
        let part = self.part;
        writeln!(
            self.file,
            "{part}\t{case}\t{peer}\t{metric}\t{value}\t{round}"
        )?;
        eprintln!("{part}: {case}, {peer}: {value:.1} {metric} (round {round})");
        Ok(())
    }
}
