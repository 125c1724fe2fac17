//! As much of Markdown as the pages use.

/// Lines that are not within fences.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut fenced = false;
    text.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fenced && !fence
    })
}

/// The line without what is in backticks, which is replaced by nothing.
fn without_code(line: &str) -> String {
    let pieces = line.split('`').enumerate();
    pieces
        .filter(|(at, _)| at % 2 == 0)
        .map(|(_, piece)| piece)
        .collect()
}

/// The targets of all links: `[text](target)` and `[text]: target`.
pub(crate) fn links(text: &str) -> Vec<String> {
    let mut targets = Vec::new();
    for line in prose(text) {
        // The text of a link may be code, and what is code may look like a link.
        let line = without_code(line);
        let line = line.trim_start();
        if let Some((_, target)) = line.split_once("]: ").filter(|_| line.starts_with('[')) {
            targets.push(target.trim().to_owned());
        }
        let ends = line.split("](").skip(1);
        targets.extend(ends.filter_map(|rest| Some(rest.split_once(')')?.0.to_owned())));
    }
    targets
}

/// The anchors of all headings, as GitHub makes them.
pub(crate) fn anchors(text: &str) -> Vec<String> {
    let headings = prose(text).filter(|line| line.starts_with('#'));
    let mut anchors: Vec<String> = Vec::new();
    for heading in headings {
        let heading = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = heading
            .chars()
            .filter(|it| it.is_alphanumeric() || " -_".contains(*it));
        let anchor: String = kept.map(|it| if it == ' ' { '-' } else { it }).collect();
        let before = anchors.iter().filter(|it| **it == anchor).count();
        anchors.push(if before == 0 {
            anchor
        } else {
            format!("{anchor}-{before}")
        });
    }
    anchors
}

/// The rows of all tables, without their heads, each as its cells.
pub(crate) fn rows(text: &str) -> Vec<Vec<String>> {
    let lines: Vec<_> = prose(text).collect();
    let is_row = |line: &str| line.starts_with('|') && !line.starts_with("|---");
    let rows = lines.iter().enumerate().filter(|(at, line)| {
        let head = lines
            .get(at + 1)
            .is_some_and(|next| next.starts_with("|---"));
        is_row(line) && !head
    });
    let cells = |line: &str| {
        line.trim_matches('|')
            .split(" | ")
            .map(|cell| cell.trim().to_owned())
            .collect()
    };
    rows.map(|(_, line)| cells(line)).collect()
}

/// Each link of a cell with the names in backticks that follow it.
pub(crate) fn proofs(cell: &str) -> Vec<(String, Vec<String>)> {
    let links = cell
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'));
    let names = |rest: &str| {
        rest.split('`')
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect()
    };
    links
        .map(|(target, rest)| (target.to_owned(), names(rest)))
        .collect()
}
