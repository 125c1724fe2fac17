use std::cell::RefCell;
use std::collections::HashMap;

use prost_build::Service;
use prost_types::FileDescriptorProto;

use super::bytes_fields::BytesFields;
use crate::Error;
use crate::lower::{Externs, Renamed};
use crate::options::{Options, is_at_or_below};
use crate::views::Views;

/// What the code for a service depends on beside the service itself, and what went wrong with one while
/// prost-build, which knows no errors here, was calling.
pub(crate) struct Context {
    pub(super) options: Options,
    pub(crate) externs: Externs,
    pub(crate) renamed: Renamed,
    pub(crate) views: Views,
    pub(super) bytes_fields: BytesFields,
    /// The file of each service, by its full name.
    files: HashMap<String, String>,
    problems: RefCell<Vec<String>>,
}

impl Context {
    pub(crate) fn new(
        options: Options,
        files: &[FileDescriptorProto],
        externs: Externs,
        renamed: Renamed,
        views: Views,
    ) -> Self {
        let bytes_fields = BytesFields::of(files);
        let files = files
            .iter()
            .flat_map(|file| {
                file.service.iter().map(|service| {
                    let name = full_name(file.package(), service.name());
                    (name, file.name().to_owned())
                })
            })
            .collect();
        Self {
            options,
            externs,
            renamed,
            views,
            bytes_fields,
            files,
            problems: RefCell::default(),
        }
    }

    /// Whether the service, by its full name in the `.proto` file, is to be generated.
    pub(super) fn is_wanted(&self, service: &str) -> bool {
        let Options {
            include_service,
            exclude_service,
            ..
        } = &self.options;
        let is_in = |paths: &[String]| paths.iter().any(|path| is_at_or_below(service, path));
        (include_service.is_empty() || is_in(include_service)) && !is_in(exclude_service)
    }

    pub(super) fn report(&self, service: &Service, error: &Error) {
        let name = full_name(&service.package, &service.proto_name);
        let file = self.files.get(&name).map_or("", String::as_str);
        let problem = format!(
            "{file}: service {}: {error}",
            self.renamed.on_the_wire(&name)
        );
        self.problems.borrow_mut().push(problem);
    }

    /// All problems as one error, a line each.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let problems = self.problems.borrow();
        if problems.is_empty() {
            Ok(())
        } else {
            Err(Error::new(problems.join("\n")))
        }
    }
}

pub(super) fn full_name(package: &str, service: &str) -> String {
    match package {
        "" => service.to_owned(),
        package => format!("{package}.{service}"),
    }
}
