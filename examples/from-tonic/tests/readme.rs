//! The figures in the README are those of the files.

const BEFORE: &str = include_str!("../src/before.rs");
const AFTER: &str = include_str!("../src/after.rs");
const README: &str = include_str!("../README.md");

/// How many lines two files have in common, in the same order: what `diff` leaves alone.
fn common(before: &[&str], after: &[&str]) -> usize {
    let mut row = vec![0; after.len() + 1];
    for line in before {
        let mut diagonal = 0;
        for (i, other) in after.iter().enumerate() {
            let above = row[i + 1];
            row[i + 1] = if line == other {
                diagonal + 1
            } else {
                above.max(row[i])
            };
            diagonal = above;
        }
    }
    row[after.len()]
}

/// The rows of the table: what changed, and how many lines went and came.
fn table() -> Vec<(&'static str, usize, usize)> {
    let rows = README.lines().filter_map(|line| {
        let mut cells = line.trim_matches('|').split('|').map(str::trim);
        let what = cells.next()?;
        Some((
            what,
            cells.next()?.parse().ok()?,
            cells.next()?.parse().ok()?,
        ))
    });
    rows.collect()
}

#[test]
fn the_table_counts_the_lines_that_differ() {
    let (before, after): (Vec<_>, Vec<_>) = (BEFORE.lines().collect(), AFTER.lines().collect());
    let same = common(&before, &after);
    let rows = table();
    let (total, parts) = rows.split_last().unwrap();
    assert_eq!(*total, ("all", before.len() - same, after.len() - same));
    let sum = parts
        .iter()
        .fold((0, 0), |sum, (_, gone, come)| (sum.0 + gone, sum.1 + come));
    assert_eq!((total.1, total.2), sum, "{parts:?}");
    let size = format!("{} lines to {}", before.len(), after.len());
    assert!(README.contains(&size), "{size}");
}
