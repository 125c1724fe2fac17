//! What messages are called where their type has to be told, as in the details of a status.

use generated::twice::{M2, M3, Underscore2, m2, sub, sub_package};
use generated::values::{Underscore12, underscore_12};
use grpcweb_runtime::Status;
use prost::Name;

fn names<T: Name>() -> [String; 3] {
    [T::PACKAGE.to_owned(), T::NAME.to_owned(), T::full_name()]
}

#[test]
fn what_has_another_name_in_rust_keeps_its_own_in_its_type() {
    assert_eq!(names::<M2>(), ["twice", "M", "twice.M"]);
    assert_eq!(names::<M3>(), ["twice", "m", "twice.m"]);
    assert_eq!(names::<Underscore2>(), ["twice", "__", "twice.__"]);
    assert_eq!(
        names::<sub_package::Sub>(),
        ["twice.sub", "Sub", "twice.sub.Sub"]
    );
    assert_eq!(names::<Underscore12>(), ["values", "_1", "values._1"]);
}

#[test]
fn a_nested_message_has_the_names_of_those_around_it() {
    assert_eq!(names::<m2::Inner>(), ["twice", "Inner", "twice.M.Inner"]);
    assert_eq!(names::<m2::Inner2>(), ["twice", "inner", "twice.M.inner"]);
    assert_eq!(names::<sub::Part>(), ["twice", "Part", "twice.Sub.Part"]);
    assert_eq!(
        names::<underscore_12::Underscore22>(),
        ["values", "_2", "values._1._2"]
    );
}

#[test]
fn a_message_without_a_package_has_its_name_alone() {
    assert_eq!(names::<generated::Bare>(), ["", "Bare", "Bare"]);
    assert_eq!(generated::Bare::type_url(), "/Bare");
}

#[test]
fn a_message_can_be_a_detail_of_a_status() {
    let sent = M3 {
        kind: Some(0),
        ..M3::default()
    };
    let status = Status::aborted("no").with_detail(&sent);
    assert_eq!(status.details()[0].type_url, "type.example/twice.m");
    assert_eq!(status.detail::<M3>().unwrap(), sent);
    assert!(status.detail::<M2>().is_none());
}
