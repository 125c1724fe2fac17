use std::collections::HashSet;

/// What a name is called that has nothing in it but underscores.
pub(super) const UNDERSCORE: &str = "underscore";

/// Gives a new name to each whose `key` is taken already or empty, and returns them: old and new. The
/// first of several keeps its own, and no new name is one that another had from the start.
pub(super) fn unique<'a>(
    names: impl IntoIterator<Item = &'a mut String>,
    taken: &mut HashSet<String>,
    key: impl Fn(&str) -> String,
) -> Vec<(String, String)> {
    unique_but(names, taken, key, |_| false)
}

/// [`unique`], but for new names that are not to be.
pub(super) fn unique_but<'a>(
    names: impl IntoIterator<Item = &'a mut String>,
    taken: &mut HashSet<String>,
    key: impl Fn(&str) -> String,
    is_unwanted: impl Fn(&str) -> bool,
) -> Vec<(String, String)> {
    let mut waiting = Vec::new();
    for name in names {
        let own = key(name);
        if own.is_empty() || !taken.insert(own) {
            waiting.push(name);
        }
    }
    let mut changes = Vec::new();
    for name in waiting {
        let stem = if key(name).is_empty() {
            format!("{UNDERSCORE}{name}")
        } else {
            name.clone()
        };
        let stem = stem.trim_end_matches('_');
        let new = (2_u32..)
            .map(|n| format!("{stem}{n}"))
            .find(|new| !is_unwanted(new) && taken.insert(key(new)));
        if let Some(new) = new {
            changes.push((std::mem::replace(name, new.clone()), new));
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_keeps_its_name_and_no_new_one_is_another_ones() {
        let mut names = ["a", "A", "a2", "_", "__"].map(String::from);
        let changes = unique(&mut names, &mut HashSet::new(), |name| {
            name.trim_matches('_').to_lowercase()
        });
        assert_eq!(names, ["a", "A3", "a2", "underscore2", "underscore3"]);
        assert_eq!(changes[0], ("A".into(), "A3".into()));
    }
}
