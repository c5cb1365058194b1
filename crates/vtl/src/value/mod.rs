//! Owns the values a template works with: Java's scalars, text and collections that may borrow from
//! the caller's data, and the port through which a caller adds objects of its own. What can be called
//! on them is in `java`.

mod collections;
mod equal;
mod json;
mod print;
mod text;

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;
use std::rc::Rc;

pub(crate) use collections::{Entry, Items, ListKind};
pub use collections::{List, Map};
pub(crate) use equal::{Budget, equal, hash};
pub use json::{Json, JsonError};
use num_bigint::BigInt;
pub(crate) use print::{Overlay, Printer, append};
pub use text::Text;

use crate::eval::{BlockValue, LoopScope};

/// How long a text a value may be written as outside of a rendering, in bytes.
const WRITTEN_MAX: usize = 16 << 20;

/// A value. Cloning one copies no text and no collection.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum Value<'d> {
    /// Java's null, which is also what is not there.
    #[default]
    Null,
    /// A boolean.
    Bool(bool),
    /// Java's `int`.
    Int(i32),
    /// Java's `long`.
    Long(i64),
    /// Java's `BigInteger`.
    Big(Rc<BigInt>),
    /// Java's `double`.
    Double(f64),
    /// A string.
    Text(Text<'d>),
    /// An array or object of parsed JSON, borrowed. It becomes a list or map of its own when a
    /// template changes it.
    Json(&'d Json<'d>),
    /// A list or an array.
    List(Rc<List<'d>>),
    /// A map in the order of insertion.
    Map(Rc<Map<'d>>),
    /// An object of the caller's.
    Object(ObjectRef<'d>),
    /// What only the language makes: a loop's scope, a block, a map's entry, an iterator.
    #[doc(hidden)]
    Inner(Inner<'d>),
}

/// An object of the caller's, shared or borrowed.
#[derive(Clone)]
pub struct ObjectRef<'d>(Holder<'d>);

#[derive(Clone)]
enum Holder<'d> {
    Shared(Rc<dyn Object<'d> + 'd>),
    Borrowed(&'d (dyn Object<'d> + 'd)),
}

impl<'d> Deref for ObjectRef<'d> {
    type Target = dyn Object<'d> + 'd;

    fn deref(&self) -> &Self::Target {
        match &self.0 {
            Holder::Shared(object) => &**object,
            Holder::Borrowed(object) => *object,
        }
    }
}

impl fmt::Debug for ObjectRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// Values that only templates make.
#[derive(Clone, Debug)]
#[doc(hidden)]
pub enum Inner<'d> {
    /// `$foreach`
    Loop(Rc<LoopScope<'d>>),
    /// What `#define` and a macro's body make.
    Block(Rc<BlockValue>),
    /// An entry of a map.
    Entry(Rc<Entry<'d>>),
    /// What `iterator()` makes.
    Items(Rc<Items<'d>>),
    /// Java's `Character`, which is no string: what `charAt` makes.
    Char(char),
}

/// Something of the caller's that templates read, call and write, such as API Gateway's `$input`.
///
/// ```
/// use vtl::{Context, Object, ObjectError, Options, Template, Value};
///
/// #[derive(Debug)]
/// struct Upper;
///
/// impl<'d> Object<'d> for Upper {
///     fn call(&self, method: &str, arguments: &[Value<'d>]) -> Result<Option<Value<'d>>, ObjectError> {
///         let ("of", [value]) = (method, arguments) else { return Ok(None) };
///         Ok(Some(value.to_string().to_uppercase().into()))
///     }
/// }
///
/// # fn main() -> Result<(), vtl::Error> {
/// let template = Template::compile("$upper.of('abc') $upper.none()", &Options::velocity_1_7())?;
/// let mut context = Context::new();
/// context.set("upper", Value::object(Upper));
/// assert_eq!(template.render(&context)?, "ABC $upper.none()");
/// # Ok(())
/// # }
/// ```
pub trait Object<'d>: fmt::Debug {
    /// The property `name`, as in `$object.name`; none where there is no such property.
    fn property(&self, name: &str) -> Option<Value<'d>> {
        let _ = name;
        None
    }

    /// Writes the property, as in `#set( $object.name = … )`; nothing happens where it cannot be
    /// written.
    fn set_property(&self, name: &str, value: Value<'d>) -> Result<(), ObjectError> {
        let _ = (name, value);
        Ok(())
    }

    /// Calls a method; none where there is no such method for such arguments.
    fn call(
        &self,
        method: &str,
        arguments: &[Value<'d>],
    ) -> Result<Option<Value<'d>>, ObjectError> {
        let _ = (method, arguments);
        Ok(None)
    }

    /// What `#foreach` goes through; none where that is nothing.
    fn items(&self) -> Option<Vec<Value<'d>>> {
        None
    }

    /// Writes the object as text; nothing, unless an object knows better.
    fn write(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        let _ = out;
        Ok(())
    }
}

/// Why a call of an [`Object`] failed; the template fails with it, at the call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectError(String);

impl ObjectError {
    /// An error that says `message`.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl fmt::Display for ObjectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ObjectError {}

impl<'d> Value<'d> {
    /// A value for an object of the caller's.
    pub fn object(object: impl Object<'d> + 'd) -> Self {
        Self::Object(ObjectRef(Holder::Shared(Rc::new(object))))
    }

    /// A value for an object that stays the caller's.
    pub fn borrowed(object: &'d (impl Object<'d> + 'd)) -> Self {
        Self::Object(ObjectRef(Holder::Borrowed(object)))
    }

    /// Text that is borrowed.
    pub fn text(text: &'d str) -> Self {
        Self::Text(Text::borrowed(text))
    }

    /// A list of values, as templates write it: `[ … ]`.
    pub fn list(items: impl IntoIterator<Item = Value<'d>>) -> Self {
        Self::List(Rc::new(List::new(ListKind::List, items.into_iter().collect())))
    }

    /// A list that stands for a part of a JSON document, and is written as
    /// [`JsonLists`](crate::JsonLists) says.
    pub fn json_list(items: impl IntoIterator<Item = Value<'d>>) -> Self {
        Self::List(Rc::new(List::new(ListKind::Json, items.into_iter().collect())))
    }

    /// A map in the order given.
    pub fn map(entries: impl IntoIterator<Item = (Value<'d>, Value<'d>)>) -> Self {
        let map = Map::default();
        for (key, value) in entries {
            map.insert(key, value);
        }
        Self::Map(Rc::new(map))
    }

    /// A map in the order given, in which `$map.Name` and `$map.get('name')` find the same, as in the
    /// headers of a request.
    pub fn map_ignoring_case(entries: impl IntoIterator<Item = (Value<'d>, Value<'d>)>) -> Self {
        let map = Map::ignoring_case();
        for (key, value) in entries {
            map.insert(key, value);
        }
        Self::Map(Rc::new(map))
    }

    /// What a node of parsed JSON is: scalars are read, collections borrowed.
    pub fn json(json: &'d Json<'d>) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Bool(*value),
            Json::Int(value) => i32::try_from(*value).map_or(Self::Long(*value), Self::Int),
            Json::Big(value) => Self::Big(Rc::new((**value).clone())),
            Json::Double(value) => Self::Double(*value),
            Json::Text(text) => Self::Text(Text::borrowed(text)),
            Json::Array(_) | Json::Object(_) => Self::Json(json),
        }
    }

    /// The text that templates write for the value, with the lists of JSON documents written as
    /// `lists` says; what is longer than 16 MiB is cut. Text is borrowed.
    pub fn written(&self, lists: crate::JsonLists) -> Cow<'_, str> {
        if let Self::Text(text) = self {
            return Cow::Borrowed(text.as_str());
        }
        let mut out = String::new();
        let overlay = Overlay::default();
        // A cut is all that a failed write means here.
        let _ = Printer::new(&mut out, WRITTEN_MAX, lists, &overlay).value(self);
        Cow::Owned(out)
    }

    /// Whether there is no value.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The items, if the value is a list.
    pub fn items(&self) -> Option<Vec<Value<'d>>> {
        match self {
            Self::List(list) => Some(list.items()),
            Self::Json(Json::Array(items)) => Some(items.iter().map(Value::json).collect()),
            _ => None,
        }
    }

    /// The text, if the value is text.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text.as_str()),
            _ => None,
        }
    }

    pub(crate) fn is_number(&self) -> bool {
        matches!(self, Self::Int(_) | Self::Long(_) | Self::Big(_) | Self::Double(_))
    }

    pub(crate) fn entry(key: Value<'d>, value: Value<'d>, map: Option<Rc<Map<'d>>>) -> Self {
        Self::Inner(Inner::Entry(Rc::new(Entry::new(key, value, map))))
    }
}

/// The value as Java's `toString` writes it; lists of parsed JSON are written as Java's, too, and
/// what is longer than 16 MiB is cut.
impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.written(crate::JsonLists::Java))
    }
}

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i32> for Value<'_> {
    fn from(value: i32) -> Self {
        Self::Int(value)
    }
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Self::Long(value)
    }
}

impl From<f64> for Value<'_> {
    fn from(value: f64) -> Self {
        Self::Double(value)
    }
}

impl From<String> for Value<'_> {
    fn from(value: String) -> Self {
        Self::Text(value.into())
    }
}

impl<'d> From<&'d str> for Value<'d> {
    fn from(value: &'d str) -> Self {
        Self::text(value)
    }
}
