//! How often a field of a message may be there, for generated code.

use std::collections::BTreeMap;

use super::kinds::{Kind, Scalar};
use super::reader::{LENGTH_DELIMITED, Malformed, Reader};

/// Reads a field that is always there.
#[inline]
pub fn single<'a, K: Kind<'a>>(
    value: &mut K::Value,
    reader: &mut Reader<'a>,
) -> Result<(), Malformed> {
    K::merge(value, reader)
}

/// Reads a field that may be missing.
#[inline]
pub fn optional<'a, K: Kind<'a>>(
    value: &mut Option<K::Value>,
    reader: &mut Reader<'a>,
) -> Result<(), Malformed> {
    K::merge(value.get_or_insert_default(), reader)
}

/// Reads one more value of a field.
#[inline]
pub fn repeated<'a, K: Kind<'a>>(
    values: &mut Vec<K::Value>,
    reader: &mut Reader<'a>,
) -> Result<(), Malformed> {
    values.push(K::Value::default());
    match values.last_mut() {
        Some(last) => K::merge(last, reader),
        None => Ok(()),
    }
}

/// Reads one more number of a field, or several of them side by side.
pub fn numbers<'a, S: Scalar<'a>>(
    values: &mut Vec<S::Value>,
    reader: &mut Reader<'a>,
) -> Result<(), Malformed> {
    if reader.is(LENGTH_DELIMITED) {
        let mut inner = reader.packed()?;
        while !inner.is_empty() {
            values.push(S::read(&mut inner)?);
        }
        Ok(())
    } else {
        reader.expect(S::WIRE_TYPE)?;
        values.push(S::read(reader)?);
        Ok(())
    }
}

/// Reads one more entry of a map.
#[inline]
pub fn map<'a, K, V>(
    entries: &mut BTreeMap<K::Value, V::Value>,
    reader: &mut Reader<'a>,
) -> Result<(), Malformed>
where
    K: Kind<'a, Value: Ord>,
    V: Kind<'a>,
{
    map_with::<K, V>(entries, reader, V::Value::default())
}

/// The same, where an entry without a value has `value`.
#[inline]
pub fn map_with<'a, K, V>(
    entries: &mut BTreeMap<K::Value, V::Value>,
    reader: &mut Reader<'a>,
    mut value: V::Value,
) -> Result<(), Malformed>
where
    K: Kind<'a, Value: Ord>,
    V: Kind<'a>,
{
    // prost does not look at the wire type of a map either.
    let mut key = K::Value::default();
    let mut inner = reader.enter()?;
    while !inner.is_empty() {
        inner.key()?;
        match inner.number() {
            1 => K::merge(&mut key, &mut inner)?,
            2 => V::merge(&mut value, &mut inner)?,
            _ => inner.skip()?,
        }
    }
    reader.leave(&inner);
    entries.insert(key, value);
    Ok(())
}

/// Reads a member of a oneof. `own` takes out the value if it is this member's already, and `wrap` puts
/// it back.
#[inline]
pub fn member<'a, K: Kind<'a>, O>(
    oneof: &mut Option<O>,
    reader: &mut Reader<'a>,
    own: fn(O) -> Option<K::Value>,
    wrap: fn(K::Value) -> O,
) -> Result<(), Malformed> {
    let mut value = oneof.take().and_then(own).unwrap_or_default();
    K::merge(&mut value, reader)?;
    *oneof = Some(wrap(value));
    Ok(())
}
