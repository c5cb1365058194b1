//! Owns the port to JSON trees: what a path must be able to ask of a value.

use serde_json::Value;

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind<'j> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number that is kept as an integer.
    Int(i64),
    /// Any other number.
    Double(f64),
    /// A string.
    Text(&'j str),
    /// An array and its length.
    Array(usize),
    /// An object and its number of members.
    Object(usize),
}

/// A value of a JSON tree: a handle that is cheap to copy, such as a reference.
pub trait Node<'j>: Copy {
    /// What the value is.
    fn kind(self) -> Kind<'j>;

    /// An array's item; none where there is none, or no array.
    fn item(self, index: usize) -> Option<Self>;

    /// An object's member; none where there is none, or no object.
    fn member(self, name: &str) -> Option<Self>;

    /// An object's members in their order; nothing for anything else.
    fn members(self) -> impl Iterator<Item = (&'j str, Self)>;
}

impl<'j> Node<'j> for &'j Value {
    fn kind(self) -> Kind<'j> {
        match self {
            Value::Null => Kind::Null,
            Value::Bool(value) => Kind::Bool(*value),
            Value::Number(number) => match number.as_i64() {
                Some(value) => Kind::Int(value),
                None => Kind::Double(number.as_f64().unwrap_or(f64::NAN)),
            },
            Value::String(text) => Kind::Text(text),
            Value::Array(items) => Kind::Array(items.len()),
            Value::Object(members) => Kind::Object(members.len()),
        }
    }

    fn item(self, index: usize) -> Option<Self> {
        self.as_array()?.get(index)
    }

    fn member(self, name: &str) -> Option<Self> {
        self.as_object()?.get(name)
    }

    fn members(self) -> impl Iterator<Item = (&'j str, Self)> {
        let members = self.as_object().into_iter().flatten();
        members.map(|(name, value)| (name.as_str(), value))
    }
}
