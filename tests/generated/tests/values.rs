//! Enum values with hard names.

use generated::values::m::E;
use generated::values::{Foo, M};

#[test]
fn a_default_that_is_an_alias_is_the_value_it_stands_for() {
    assert_eq!(M::default().e(), E::One);
}

#[test]
fn values_that_were_one_in_rust_keep_their_names_on_the_wire() {
    for (number, name) in [
        (0, "FOO_A"),
        (1, "A"),
        (2, "a"),
        (3, "_"),
        (4, "A2"),
        (5, "FOO_2"),
    ] {
        let value = Foo::try_from(number).unwrap();
        assert_eq!(value.as_str_name(), name);
        assert_eq!(Foo::from_str_name(name), Some(value));
    }
}
