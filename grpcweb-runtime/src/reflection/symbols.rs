use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
};

/// What a file defines.
#[derive(Debug, Default)]
pub(super) struct Symbols {
    /// The full name of everything that has one, services among it.
    pub(super) names: Vec<String>,
    pub(super) services: Vec<String>,
    pub(super) messages: Vec<String>,
    /// The full names of extended messages, and the numbers of the extensions.
    pub(super) extensions: Vec<(String, i32)>,
}

impl Symbols {
    pub(super) fn of(file: &FileDescriptorProto) -> Self {
        let mut symbols = Self::default();
        let package = file.package();
        symbols.enums(package, &file.enum_type);
        symbols.extensions(package, &file.extension);
        for message in &file.message_type {
            symbols.message(package, message);
        }
        for service in &file.service {
            let name = below(package, service.name());
            for method in &service.method {
                symbols.names.push(below(&name, method.name()));
            }
            symbols.names.push(name.clone());
            symbols.services.push(name);
        }
        symbols
    }

    /// Not deep: whoever decoded the file did not follow it far.
    fn message(&mut self, scope: &str, message: &DescriptorProto) {
        let name = below(scope, message.name());
        let fields = message.field.iter().map(FieldDescriptorProto::name);
        let oneofs = message.oneof_decl.iter().map(|oneof| oneof.name());
        let members = fields.chain(oneofs).map(|member| below(&name, member));
        self.names.extend(members);
        self.enums(&name, &message.enum_type);
        self.extensions(&name, &message.extension);
        for nested in &message.nested_type {
            self.message(&name, nested);
        }
        self.names.push(name.clone());
        self.messages.push(name);
    }

    /// The values of an enum are beside it in the language, and below it in the minds of many.
    fn enums(&mut self, scope: &str, enums: &[EnumDescriptorProto]) {
        for descriptor in enums {
            let name = below(scope, descriptor.name());
            for value in &descriptor.value {
                self.names.push(below(scope, value.name()));
                self.names.push(below(&name, value.name()));
            }
            self.names.push(name);
        }
    }

    fn extensions(&mut self, scope: &str, extensions: &[FieldDescriptorProto]) {
        for extension in extensions {
            self.names.push(below(scope, extension.name()));
            let extended = extension.extendee();
            let extended = extended.strip_prefix('.').unwrap_or(extended);
            self.extensions
                .push((extended.to_owned(), extension.number()));
        }
    }
}

fn below(scope: &str, name: &str) -> String {
    if scope.is_empty() {
        name.to_owned()
    } else {
        format!("{scope}.{name}")
    }
}
