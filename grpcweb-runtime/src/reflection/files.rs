use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};

use bytes::Bytes;
use prost::Message as _;
use prost_types::FileDescriptorProto;

use super::symbols::Symbols;
use super::{InvalidReflection, raw};

/// The files, and where in them things are.
#[derive(Debug, Default)]
pub(super) struct Files {
    files: BTreeMap<String, File>,
    /// The file of everything that has a full name.
    symbols: HashMap<String, String>,
    /// The files of extensions, by the message that is extended and their numbers.
    extensions: HashMap<String, BTreeMap<i32, String>>,
    services: BTreeSet<String>,
    messages: HashSet<String>,
}

#[derive(Debug)]
struct File {
    encoded: Bytes,
    imports: Vec<String>,
}

impl Files {
    /// Adds the files of a set; `number` counts sets from 1.
    pub(super) fn add_set(&mut self, number: usize, set: Bytes) -> Result<(), InvalidReflection> {
        let malformed = |error| InvalidReflection::malformed(number, error);
        let files = raw::files(set).map_err(malformed)?;
        if files.is_empty() {
            return Err(InvalidReflection::malformed(number, None));
        }
        for encoded in files {
            let file = FileDescriptorProto::decode(encoded.clone()).map_err(malformed)?;
            if file.name().is_empty() {
                return Err(InvalidReflection::malformed(number, None));
            }
            match self.files.get(file.name()) {
                None => self.add(file, encoded)?,
                Some(first) => {
                    let first = raw::without_comments(&first.encoded).map_err(malformed)?;
                    let second = raw::without_comments(&encoded).map_err(malformed)?;
                    if first != second {
                        return Err(InvalidReflection::new(format!(
                            "two descriptor sets have different files {:?}: make both of them from the same \
                             sources, or leave one out",
                            file.name()
                        )));
                    }
                }
            }
        }
        Ok(())
    }

    /// Adds files that come with this crate, unless there are others for the same.
    pub(super) fn add_own(&mut self, set: &'static [u8]) -> Result<(), InvalidReflection> {
        let malformed = |error| InvalidReflection::malformed(0, error);
        for encoded in raw::files(Bytes::from_static(set)).map_err(malformed)? {
            let file = FileDescriptorProto::decode(encoded.clone()).map_err(malformed)?;
            let names = Symbols::of(&file).names;
            let mut names = names.iter();
            if !self.files.contains_key(file.name())
                && names.all(|name| !self.symbols.contains_key(name))
            {
                self.add(file, encoded)?;
            }
        }
        Ok(())
    }

    fn add(&mut self, file: FileDescriptorProto, encoded: Bytes) -> Result<(), InvalidReflection> {
        let Symbols {
            names,
            services,
            messages,
            extensions,
        } = Symbols::of(&file);
        let imports = file.dependency;
        let file = file.name.unwrap_or_default();
        for name in names {
            match self.symbols.entry(name) {
                Entry::Vacant(entry) => {
                    entry.insert(file.clone());
                }
                Entry::Occupied(entry) if *entry.get() == file => {}
                Entry::Occupied(entry) => {
                    return Err(InvalidReflection::new(format!(
                        "{} is defined in {:?} and in {file:?}: where they are the same file, compile it with \
                         the same include path for both descriptor sets",
                        entry.key(),
                        entry.get()
                    )));
                }
            }
        }
        self.services.extend(services);
        self.messages.extend(messages);
        for (extended, number) in extensions {
            let numbers = self.extensions.entry(extended).or_default();
            numbers.insert(number, file.clone());
        }
        self.files.insert(file, File { encoded, imports });
        Ok(())
    }

    /// Looks whether each import is there.
    pub(super) fn check_imports(&self) -> Result<(), InvalidReflection> {
        for (name, file) in &self.files {
            let mut imports = file.imports.iter();
            if let Some(missing) = imports.find(|import| !self.files.contains_key(*import)) {
                return Err(InvalidReflection::new(format!(
                    "{name:?} imports {missing:?}, which is in none of the descriptor sets: make them with \
                     --include_imports"
                )));
            }
        }
        Ok(())
    }

    /// Makes a service as if its file did not have it.
    pub(super) fn hide(&mut self, service: &str) -> Result<(), InvalidReflection> {
        self.check_service(service)?;
        self.services.remove(service);
        let methods = format!("{service}.");
        let file = self.symbols.remove(service);
        self.symbols.retain(|name, _| !name.starts_with(&methods));
        let own_name = service.rsplit_once('.').map_or(service, |(_, name)| name);
        if let Some(file) = file.and_then(|file| self.files.get_mut(&file)) {
            let encoded = raw::without_service(&file.encoded, own_name)
                .map_err(|error| InvalidReflection::malformed(0, error))?;
            file.encoded = encoded.into();
        }
        Ok(())
    }

    pub(super) fn check_service(&self, service: &str) -> Result<(), InvalidReflection> {
        if self.has_service(service) {
            return Ok(());
        }
        Err(InvalidReflection::new(format!(
            "there is no service {service:?} in the descriptor sets, but {:?}",
            self.services
        )))
    }

    pub(super) fn has_service(&self, service: &str) -> bool {
        self.services.contains(service)
    }

    /// The names of the files.
    pub(super) fn names(&self) -> Vec<&str> {
        self.files.keys().map(String::as_str).collect()
    }

    /// The file that defines something.
    pub(super) fn of_symbol(&self, symbol: &str) -> Option<&str> {
        self.symbols.get(symbol).map(String::as_str)
    }

    /// The file that defines an extension.
    pub(super) fn of_extension(&self, extended: &str, number: i32) -> Option<&str> {
        let file = self.extensions.get(extended)?.get(&number)?;
        Some(file)
    }

    /// The numbers of all extensions of a message, if there is such a message.
    pub(super) fn extensions_of(&self, message: &str) -> Option<Vec<i32>> {
        match self.extensions.get(message) {
            Some(extensions) => Some(extensions.keys().copied().collect()),
            None => self.messages.contains(message).then(Vec::new),
        }
    }

    /// A file, and what it imports, directly or not, without what was `sent` before.
    pub(super) fn with_imports<'a>(
        &'a self,
        name: &'a str,
        sent: &mut HashSet<String>,
    ) -> Option<Vec<Bytes>> {
        let file = self.files.get(name)?;
        sent.insert(name.to_owned());
        let mut encoded = vec![file.encoded.clone()];
        let mut imports: VecDeque<_> = file.imports.iter().collect();
        while let Some(import) = imports.pop_front() {
            if let Some(file) = self.files.get(import) {
                if sent.insert(import.clone()) {
                    encoded.push(file.encoded.clone());
                    imports.extend(&file.imports);
                }
            }
        }
        Some(encoded)
    }
}
