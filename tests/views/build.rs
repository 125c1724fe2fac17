//! Generates the code of everything in `proto/`, and of what `protoc` does not take.

use prost::Message as _;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{
    DescriptorProto, EnumDescriptorProto, EnumValueDescriptorProto, FieldDescriptorProto,
    FileDescriptorProto, FileDescriptorSet, MessageOptions,
};

fn main() -> Result<(), protoc_gen_grpcweb::Error> {
    protoc_gen_grpcweb::configure()
        .include_file("loose.rs")
        .views(".loose_enums")
        .compile_fds(loose_enums().encode_to_vec())?;
    protoc_gen_grpcweb::configure()
        .file_descriptor_set(true)
        .views(".rich")
        .views(".legacy.Legacy")
        .views(".delimited")
        .views("Bare")
        .btree_map(".rich")
        .bytes(".rich.Rich.blob")
        .compile_protos(
            &[
                "proto/rich.proto",
                "proto/legacy.proto",
                "proto/delimited.proto",
                "proto/bare.proto",
            ],
            &["proto"],
        )
}

/// `message Loose { map<string, Level> level_by_text = 1; } enum Level { LOW = 3; HIGH = 4; }`: other
/// compilers than `protoc` let a map have an enum that does not begin with 0.
fn loose_enums() -> FileDescriptorSet {
    let field = |name: &str, number, label: Label, ty: Type, type_name: Option<&str>| {
        FieldDescriptorProto {
            name: Some(name.into()),
            number: Some(number),
            label: Some(label.into()),
            r#type: Some(ty.into()),
            type_name: type_name.map(Into::into),
            ..FieldDescriptorProto::default()
        }
    };
    let entry = DescriptorProto {
        name: Some("LevelByTextEntry".into()),
        field: vec![
            field("key", 1, Label::Optional, Type::String, None),
            field(
                "value",
                2,
                Label::Optional,
                Type::Enum,
                Some(".loose_enums.Level"),
            ),
        ],
        options: Some(MessageOptions {
            map_entry: Some(true),
            ..MessageOptions::default()
        }),
        ..DescriptorProto::default()
    };
    let message = DescriptorProto {
        name: Some("Loose".into()),
        field: vec![field(
            "level_by_text",
            1,
            Label::Repeated,
            Type::Message,
            Some(".loose_enums.Loose.LevelByTextEntry"),
        )],
        nested_type: vec![entry],
        ..DescriptorProto::default()
    };
    let values = [("LOW", 3), ("HIGH", 4)].map(|(name, number)| EnumValueDescriptorProto {
        name: Some(name.into()),
        number: Some(number),
        ..EnumValueDescriptorProto::default()
    });
    FileDescriptorSet {
        file: vec![FileDescriptorProto {
            name: Some("loose_enums.proto".into()),
            package: Some("loose_enums".into()),
            message_type: vec![message],
            enum_type: vec![EnumDescriptorProto {
                name: Some("Level".into()),
                value: values.into(),
                ..EnumDescriptorProto::default()
            }],
            ..FileDescriptorProto::default()
        }],
    }
}
