use std::fmt;
use std::sync::LazyLock;

use crate::MetadataMap;

/// Metadata that is mostly not there: a pointer, and nothing to be dropped, where there is none.
#[derive(Clone, Default)]
pub(crate) struct OptionalMetadata(Option<Box<MetadataMap>>);

/// What is read where there is none.
static NONE: LazyLock<MetadataMap> = LazyLock::new(MetadataMap::new);

impl OptionalMetadata {
    pub(crate) fn get(&self) -> &MetadataMap {
        self.0.as_deref().unwrap_or(&NONE)
    }

    pub(crate) fn get_mut(&mut self) -> &mut MetadataMap {
        self.0.get_or_insert_default()
    }

    /// What is to be sent, where there is anything.
    pub(crate) fn into_option(self) -> Option<MetadataMap> {
        self.0.map(|metadata| *metadata).filter(|it| !it.is_empty())
    }

    pub(crate) fn into_inner(self) -> MetadataMap {
        self.into_option().unwrap_or_default()
    }
}

impl fmt::Debug for OptionalMetadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

impl From<MetadataMap> for OptionalMetadata {
    fn from(metadata: MetadataMap) -> Self {
        Self((!metadata.is_empty()).then(|| Box::new(metadata)))
    }
}
