//! Owns JSON paths over bodies: reading them once, following them, and what they find as a value or
//! as JSON text.

use std::borrow::Cow;

use jsonpath::{Found, Kind, Node, Options, Path};
use vtl::{Json, ObjectError, Value};

use super::allowance::Allowance;

/// The paths that a template names, read when it was compiled, in the order of their texts.
#[derive(Clone, Debug, Default)]
pub(super) struct Paths(Vec<(Box<str>, Path)>);

impl Paths {
    /// Of a template's strings those that are paths.
    pub(super) fn among<'s>(strings: impl Iterator<Item = &'s str>) -> Self {
        let options = Options::jayway();
        let mut texts: Vec<&str> = strings.filter(|text| text.starts_with('$')).collect();
        texts.sort_unstable();
        texts.dedup();
        let paths = texts.into_iter().filter_map(|text| {
            let path = Path::parse(text, &options).ok()?;
            Some((text.into(), path))
        });
        Self(paths.collect())
    }

    /// A path, read now if the template does not name it as it stands.
    fn get(&self, text: &str, allowance: &Allowance) -> Result<Cow<'_, Path>, ObjectError> {
        if let Ok(at) = self.0.binary_search_by(|(known, _)| (**known).cmp(text)) {
            return Ok(Cow::Borrowed(&self.0[at].1));
        }
        allowance.spend(text.len())?;
        match Path::parse(text, &Options::jayway()) {
            Ok(path) => Ok(Cow::Owned(path)),
            Err(error) => Err(refusal(text, &error)),
        }
    }

    /// What a path finds in a document.
    pub(super) fn find<'j>(
        &self,
        text: &str,
        json: &'j Json<'j>,
        allowance: &Allowance,
    ) -> Result<Found<'j, Tree<'j>>, ObjectError> {
        let path = self.get(text, allowance)?;
        let found = allowance.search(|visits| path.find_within(Tree(json), visits));
        found.map_err(|error| refusal(text, &error))
    }
}

fn refusal(path: &str, error: &jsonpath::Error) -> ObjectError {
    ObjectError::new(format!("the path `{path}` fails: {error}"))
}

/// A node of a document.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tree<'j>(&'j Json<'j>);

impl<'j> Node<'j> for Tree<'j> {
    fn kind(self) -> Kind<'j> {
        match self.0 {
            Json::Null => Kind::Null,
            Json::Bool(value) => Kind::Bool(*value),
            Json::Int(value) => Kind::Int(*value),
            Json::Big(value) => Kind::Double(value.to_string().parse().unwrap_or(f64::NAN)),
            Json::Double(value) => Kind::Double(*value),
            Json::Text(text) => Kind::Text(text),
            Json::Array(items) => Kind::Array(items.len()),
            Json::Object(members) => Kind::Object(members.len()),
        }
    }

    fn item(self, index: usize) -> Option<Self> {
        self.0.at(index).map(Tree)
    }

    fn member(self, name: &str) -> Option<Self> {
        self.0.get(name).map(Tree)
    }

    fn members(self) -> impl Iterator<Item = (&'j str, Self)> {
        let members = match self.0 {
            Json::Object(members) => members.as_slice(),
            _ => &[],
        };
        members.iter().map(|(name, value)| (name.as_ref(), Tree(value)))
    }
}

/// What was found, as a template works with it; none where nothing was.
pub(super) fn value<'j>(found: Found<'j, Tree<'j>>) -> Option<Value<'j>> {
    Some(match found {
        Found::One(node) => Value::json(node.0),
        Found::Many(nodes) => Value::json_list(nodes.into_iter().map(|node| Value::json(node.0))),
        Found::Members(members) => {
            Value::map(members.into_iter().map(|(name, node)| (name.into(), Value::json(node.0))))
        }
        Found::Int(value) => i32::try_from(value).map_or(Value::Long(value), Value::Int),
        Found::Double(value) => Value::Double(value),
        Found::Text(text) => text.into(),
        Found::Texts(texts) => Value::json_list(texts.into_iter().map(Value::text)),
        Found::Each(each) => {
            Value::json_list(each.into_iter().map(|found| value(found).unwrap_or_default()))
        }
        _ => return None,
    })
}

/// What was found, as JSON; an empty string where nothing was, as API Gateway has it.
pub(super) fn json_text(found: Found<'_, Tree<'_>>) -> String {
    match found {
        Found::Nothing => "\"\"".to_owned(),
        Found::One(node) => node.0.to_string(),
        found => document(found).to_string(),
    }
}

fn document<'j>(found: Found<'j, Tree<'j>>) -> Json<'j> {
    match found {
        Found::One(node) => node.0.clone(),
        Found::Many(nodes) => Json::Array(nodes.into_iter().map(|node| node.0.clone()).collect()),
        Found::Members(members) => Json::Object(
            members.into_iter().map(|(name, node)| (name.into(), node.0.clone())).collect(),
        ),
        Found::Int(value) => Json::Int(value),
        Found::Double(value) => Json::Double(value),
        Found::Text(text) => Json::Text(text.into()),
        Found::Texts(texts) => {
            Json::Array(texts.into_iter().map(|text| Json::Text(text.into())).collect())
        }
        Found::Each(each) => Json::Array(each.into_iter().map(document).collect()),
        _ => Json::Null,
    }
}
