//! Owns what a template overrides: it sets `$context.requestOverride` and `$context.responseOverride`,
//! and its caller reads them when it is done.

use std::cell::RefCell;
use std::ops::{Deref, DerefMut};

use vtl::{JsonLists, Object, ObjectError, Value};

use super::allowance::Allowance;

/// What a template overrides, which most do not: it takes no room before something is set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides(Option<Box<Overridden>>);

/// What a template overrides of the request to the integration, and of the answer to the caller.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overridden {
    /// `$context.requestOverride`
    pub request: OverriddenParts,
    /// `$context.responseOverride`; its path and query string stay empty.
    pub response: OverriddenParts,
    /// `$context.responseOverride.status`, as it was written: whether it is a status is the
    /// pipeline's to see.
    pub status: Option<String>,
}

/// Names and values, in the order they were set. A list that was set is an entry for each of its
/// items, one after the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OverriddenParts {
    /// `.header`
    pub header: Vec<(String, String)>,
    /// `.path`
    pub path: Vec<(String, String)>,
    /// `.querystring`
    pub query: Vec<(String, String)>,
}

const NOTHING: OverriddenParts =
    OverriddenParts { header: Vec::new(), path: Vec::new(), query: Vec::new() };

impl Deref for Overrides {
    type Target = Overridden;

    fn deref(&self) -> &Overridden {
        static NONE: Overridden = Overridden { request: NOTHING, response: NOTHING, status: None };
        self.0.as_deref().unwrap_or(&NONE)
    }
}

impl DerefMut for Overrides {
    fn deref_mut(&mut self) -> &mut Overridden {
        self.0.get_or_insert_default()
    }
}

impl Overrides {
    /// These, but for what `later` overrides of the answer.
    pub(crate) fn with_answer(mut self, later: Self) -> Self {
        let Some(later) = later.0 else { return self };
        self.response.header.extend(later.response.header);
        if later.status.is_some() {
            self.status = later.status;
        }
        self
    }
}

impl Overridden {
    fn list(&self, part: Part) -> Option<&Vec<(String, String)>> {
        match part {
            Part::RequestHeader => Some(&self.request.header),
            Part::RequestPath => Some(&self.request.path),
            Part::RequestQuery => Some(&self.request.query),
            Part::ResponseHeader => Some(&self.response.header),
            Part::Request | Part::Response => None,
        }
    }

    fn list_mut(&mut self, part: Part) -> Option<&mut Vec<(String, String)>> {
        match part {
            Part::RequestHeader => Some(&mut self.request.header),
            Part::RequestPath => Some(&mut self.request.path),
            Part::RequestQuery => Some(&mut self.request.query),
            Part::ResponseHeader => Some(&mut self.response.header),
            Part::Request | Part::Response => None,
        }
    }

    /// All values of a name; none where it is not overridden.
    fn values<'o>(&'o self, part: Part, name: &'o str) -> impl Iterator<Item = &'o String> {
        let same = move |known: &str| match part {
            Part::RequestHeader | Part::ResponseHeader => known.eq_ignore_ascii_case(name),
            _ => known == name,
        };
        let status = self.status.iter().filter(move |_| part == Part::Response && name == "status");
        let listed = self.list(part).into_iter().flatten();
        status.chain(listed.filter(move |(known, _)| same(known)).map(|(_, value)| value))
    }

    fn has(&self, part: Part, name: &str) -> bool {
        self.values(part, name).next().is_some()
    }
}

/// A place under `$context` where overrides are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Request,
    RequestHeader,
    RequestPath,
    RequestQuery,
    Response,
    ResponseHeader,
}

impl Part {
    fn inner(self, name: &str) -> Option<Self> {
        Some(match (self, name) {
            (Self::Request, "header") => Self::RequestHeader,
            (Self::Request, "path") => Self::RequestPath,
            (Self::Request, "querystring") => Self::RequestQuery,
            (Self::Response, "header") => Self::ResponseHeader,
            _ => return None,
        })
    }
}

/// What has been overridden before, and what this rendering overrides.
#[derive(Debug)]
pub(super) struct Recorder<'d> {
    before: &'d Overrides,
    allowance: &'d Allowance,
    made: RefCell<Overrides>,
}

impl<'d> Recorder<'d> {
    pub(super) fn new(before: &'d Overrides, allowance: &'d Allowance) -> Self {
        Self { before, allowance, made: RefCell::default() }
    }

    /// What this rendering has overridden.
    pub(super) fn into_overrides(self) -> Overrides {
        self.made.into_inner()
    }

    pub(super) fn object(&'d self, part: Part) -> Value<'d> {
        Value::object(Overridable { part, recorder: self })
    }

    fn get(&self, part: Part, name: &str) -> Option<Value<'d>> {
        let made = self.made.borrow();
        let set = if made.has(part, name) { &*made } else { self.before };
        joined(set.values(part, name).cloned().map(Value::from).collect())
    }

    /// Each is overridden once: as on AWS, a second time is an error of the template.
    fn set(&self, part: Part, name: &str, value: &Value<'d>) -> Result<(), ObjectError> {
        let mut made = self.made.borrow_mut();
        if made.has(part, name) {
            return Err(ObjectError::new(format!(
                "`{name}` is overridden a second time; set a variable, and override once at the end"
            )));
        }
        let values = match value.items() {
            Some(items) => items,
            None => vec![value.clone()],
        };
        for value in values {
            let text = value.written(JsonLists::Json).into_owned();
            self.allowance.spend(name.len() + text.len() + size_of::<(String, String)>())?;
            if part == Part::Response && name == "status" {
                made.status = Some(text);
            } else if let Some(list) = made.list_mut(part) {
                list.push((name.to_owned(), text));
            }
        }
        Ok(())
    }
}

/// One value is itself, several are a list.
fn joined(mut values: Vec<Value<'_>>) -> Option<Value<'_>> {
    match values.len() {
        0 | 1 => values.pop(),
        _ => Some(Value::json_list(values)),
    }
}

#[derive(Debug)]
struct Overridable<'d> {
    part: Part,
    recorder: &'d Recorder<'d>,
}

impl<'d> Object<'d> for Overridable<'d> {
    fn property(&self, name: &str) -> Option<Value<'d>> {
        match self.part.inner(name) {
            Some(part) => Some(self.recorder.object(part)),
            None => self.recorder.get(self.part, name),
        }
    }

    fn set_property(&self, name: &str, value: Value<'d>) -> Result<(), ObjectError> {
        self.recorder.set(self.part, name, &value)
    }

    fn call(
        &self,
        method: &str,
        arguments: &[Value<'d>],
    ) -> Result<Option<Value<'d>>, ObjectError> {
        match (method, arguments) {
            ("get", [Value::Text(name)]) => Ok(self.property(name.as_str())),
            ("put", [Value::Text(name), value]) => {
                self.recorder.set(self.part, name.as_str(), value)?;
                Ok(Some(Value::text("")))
            }
            _ => Ok(None),
        }
    }
}
