use std::collections::HashSet;

/// Types for which nothing is generated, because they are somewhere already.
#[derive(Debug, Default)]
pub(crate) struct Externs {
    /// Proto paths, each with its Rust path.
    paths: Vec<(String, String)>,
    protos: HashSet<String>,
}

impl Externs {
    /// Adds a path; of several that hold for a type, the longest counts.
    pub(super) fn add(&mut self, proto: String, rust: String) {
        self.protos.insert(proto.trim_end_matches('.').to_owned());
        self.paths.push((proto, rust));
    }

    /// Adds a path, unless another one holds for it already.
    pub(super) fn add_where_none(&mut self, proto: String, rust: String) {
        if !self.cover(&proto) {
            self.add(proto, rust);
        }
    }

    /// Whether one of the paths is the full name, or has it below itself.
    pub(crate) fn cover(&self, name: &str) -> bool {
        let ends = name.match_indices('.').map(|(dot, _)| dot);
        ends.chain([name.len()])
            .filter_map(|end| name.get(..end))
            .any(|path| self.protos.contains(path))
    }

    /// The paths, in the order in which they were added.
    pub(crate) fn paths(&self) -> &[(String, String)] {
        &self.paths
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_covers_itself_and_what_is_below() {
        let mut externs = Externs::default();
        externs.add(".a.b".into(), "x".into());
        for name in [".a.b", ".a.b.C", ".a.b.c.D"] {
            assert!(externs.cover(name), "{name}");
        }
        for name in [".a", ".a.bc", ".b", ""] {
            assert!(!externs.cover(name), "{name}");
        }
        externs.add_where_none(".a.b.C".into(), "y".into());
        externs.add_where_none(".b".into(), "z".into());
        let paths = [(".a.b".into(), "x".into()), (".b".into(), "z".into())];
        assert_eq!(externs.paths(), paths);
    }
}
