use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use super::files::Files;
use super::{InvalidReflection, Reflection, generated};
use crate::ServerOptions;
use crate::service_name::ServiceName;

/// The length of a request, which has a name and little else.
const LONGEST_REQUEST: usize = 64 * 1024;

/// Collects what a [`Reflection`] tells.
#[derive(Clone)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct ReflectionBuilder {
    sets: Vec<Bytes>,
    hidden: BTreeSet<String>,
    elsewhere: BTreeSet<String>,
    options: ServerOptions,
}

impl Default for ReflectionBuilder {
    fn default() -> Self {
        Self {
            sets: Vec::new(),
            hidden: BTreeSet::new(),
            elsewhere: BTreeSet::new(),
            options: ServerOptions::new()
                .timeout(None)
                .max_decoding_message_size(LONGEST_REQUEST),
        }
    }
}

impl ReflectionBuilder {
    /// Adds the files of an encoded `google.protobuf.FileDescriptorSet`. Sets may have files in common.
    pub fn add_descriptor_set(mut self, set: impl Into<Bytes>) -> Self {
        self.sets.push(set.into());
        self
    }

    /// Tells nothing of a service: it is not listed, and cut out of its file. The messages in the file stay,
    /// for others may use them.
    pub fn hide(mut self, service: impl ServiceName) -> Self {
        self.hidden.insert(service.service_name().to_owned());
        self
    }

    /// Lists a service that is in the descriptor sets, and not in the router that this is for, but in another
    /// part of the application.
    pub fn list(mut self, service: impl ServiceName) -> Self {
        self.elsewhere.insert(service.service_name().to_owned());
        self
    }

    /// Sets what calls of the reflection services are allowed, in place of what the router sets. Unless it is set
    /// here, they have no timeout, and requests of 64 KiB at the most.
    pub fn with_options(mut self, options: ServerOptions) -> Self {
        self.options = options.after(&self.options);
        self
    }

    /// Reads the descriptor sets.
    ///
    /// # Errors
    ///
    /// Where one of them is malformed, where two differ in a file or in what defines a name, where one has not
    /// what another imports, and where there is no service that is to be hidden or listed.
    pub fn build(self) -> Result<Reflection, InvalidReflection> {
        let mut files = Files::default();
        for (index, set) in self.sets.into_iter().enumerate() {
            files.add_set(index + 1, set)?;
        }
        files.add_own(generated::FILE_DESCRIPTOR_SET)?;
        #[cfg(feature = "health")]
        files.add_own(crate::health::FILE_DESCRIPTOR_SET)?;
        files.check_imports()?;
        for service in &self.elsewhere {
            files.check_service(service)?;
        }
        for service in &self.hidden {
            files.hide(service)?;
        }
        Ok(Reflection {
            files: Arc::new(files),
            elsewhere: Arc::new(self.elsewhere),
            options: self.options,
        })
    }
}

impl fmt::Debug for ReflectionBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReflectionBuilder")
            .field("sets", &self.sets.len())
            .field("hidden", &self.hidden)
            .field("elsewhere", &self.elsewhere)
            .finish_non_exhaustive()
    }
}
