//! The page around the table.

use std::fs;

use crate::{Result, samples, table};

const BEGIN: &str = "<!-- measured: begin -->\n";
const END: &str = "<!-- measured: end -->";

/// Puts the table of the samples in a folder between the markers of a page.
pub(crate) fn update(results: &str, page: &str) -> Result<()> {
    let text = fs::read_to_string(page).map_err(|error| format!("{page}: {error}"))?;
    let parts = text.split_once(BEGIN);
    let parts = parts.and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let Some((before, after)) = parts else {
        return Err(format!(
            "{page} lacks the lines {BEGIN:?} and {END:?}; put them where the table goes"
        )
        .into());
    };
    let machine = |part: &str| fs::read_to_string(format!("{results}/{part}.machine.txt"));
    let table = table::markdown(
        |part| machine(part).unwrap_or_default(),
        &samples::read(results)?,
    );
    fs::write(page, format!("{before}{BEGIN}\n{table}\n{END}{after}"))?;
    eprintln!("measure: the table is in {page}");
    Ok(())
}
