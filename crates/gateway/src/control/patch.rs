//! JSON Patch as API Gateway takes it: a few operations on the paths that a resource names.
//!
//! Values are text, whatever they become. A path's segments escape `/` as `~1` and `~` as `~0`.
//! What a change must hold to besides is its resource's to say.

use resources::Error;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Number, Value};

use super::refusals::{invalid, missing};

/// One operation.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PatchOperation {
    /// `add`, `remove`, `replace`, `move`, `copy` or `test`.
    #[serde(default)]
    pub op: Option<String>,
    /// What is changed.
    #[serde(default)]
    pub path: Option<String>,
    /// What it becomes.
    #[serde(default)]
    pub value: Option<String>,
    /// What is copied.
    #[serde(default)]
    pub from: Option<String>,
}

/// What a text becomes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Form {
    /// Text; null removes the member.
    Text,
    /// `true` or anything else.
    Flag,
    /// A whole number; null removes the member. The text is the error for what is none.
    Whole(&'static str),
    /// An element of a list, named by the path's last segment.
    Element,
    /// The elements of a list, as JSON or separated by commas.
    Elements,
}

/// What may be done at which path.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rule {
    /// Segments after slashes; `*` is any one.
    pub(crate) path: &'static str,
    pub(crate) ops: &'static [&'static str],
    pub(crate) form: Form,
    /// The error for removing or replacing an entry that is not there.
    pub(crate) absent: Option<&'static str>,
}

/// How a resource refuses a path.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Manner {
    /// It names the paths that the operation has.
    Lists,
    /// It names the path, or the operations that the path has.
    Names,
}

pub(crate) const REPLACE: &[&str] = &["replace"];
pub(crate) const ANY: &[&str] = &["add", "replace", "remove"];

impl Rule {
    pub(crate) const fn text(path: &'static str) -> Self {
        Self { path, ops: REPLACE, form: Form::Text, absent: None }
    }

    pub(crate) const fn flag(path: &'static str) -> Self {
        Self { form: Form::Flag, ..Self::text(path) }
    }

    pub(crate) const fn whole(path: &'static str, refusal: &'static str) -> Self {
        Self { form: Form::Whole(refusal), ..Self::text(path) }
    }

    pub(crate) const fn entry(path: &'static str, absent: &'static str) -> Self {
        Self { ops: ANY, absent: Some(absent), ..Self::text(path) }
    }

    pub(crate) const fn element(path: &'static str) -> Self {
        Self { ops: ANY, form: Form::Element, ..Self::text(path) }
    }

    pub(crate) const fn any_op(self) -> Self {
        Self { ops: ANY, ..self }
    }

    pub(crate) const fn form(self, form: Form) -> Self {
        Self { form, ..self }
    }

    fn fits(&self, segments: &[String]) -> bool {
        let mut pattern = self.path.split('/').skip(1);
        let mut given = segments.iter();
        loop {
            match (pattern.next(), given.next()) {
                (None, None) => return true,
                (Some(wanted), Some(segment)) if wanted == "*" || wanted == segment => {}
                _ => return false,
            }
        }
    }
}

/// The definition after the operations, which `rules` must allow.
pub(crate) fn patched<D: Serialize + DeserializeOwned>(
    definition: &D,
    operations: &[PatchOperation],
    rules: &[Rule],
    manner: Manner,
) -> Result<D, Error> {
    let mut value = serde_json::to_value(definition).map_err(Error::internal)?;
    for operation in operations {
        apply(&mut value, operation, rules, manner)?;
    }
    typed(value)
}

/// A definition of the value; what does not fit its type was the caller's.
pub(crate) fn typed<D: DeserializeOwned>(value: Value) -> Result<D, Error> {
    serde_json::from_value(value).map_err(|error| invalid(format!("Invalid value: {error}")))
}

fn apply(
    value: &mut Value,
    operation: &PatchOperation,
    rules: &[Rule],
    manner: Manner,
) -> Result<(), Error> {
    let path = operation.path.as_deref();
    let Some(path) = path else { return Err(invalid("Invalid patch path null")) };
    let op = operation.op.as_deref().unwrap_or_default();
    let segments = segments(path);
    let rule = rules.iter().find(|rule| rule.fits(&segments));
    match rule {
        Some(rule) if rule.ops.contains(&op) => change(value, rule, op, &segments, operation),
        _ => Err(refused(rule, op, path, rules, manner)),
    }
}

/// The segments of a path, unescaped.
pub(crate) fn segments(path: &str) -> Vec<String> {
    let unescaped = |segment: &str| segment.replace("~1", "/").replace("~0", "~");
    path.split('/').skip(1).map(unescaped).collect()
}

fn refused(rule: Option<&Rule>, op: &str, path: &str, rules: &[Rule], manner: Manner) -> Error {
    match (manner, rule) {
        (Manner::Names, None) => invalid(format!("Invalid patch path {path}")),
        (Manner::Names, Some(rule)) => {
            let ops = rule.ops.join(", ");
            invalid(format!("Invalid patch operation specified. Must be one of: [{ops}]"))
        }
        (Manner::Lists, _) => {
            let has = rules.iter().filter(|rule| rule.ops.contains(&op));
            let paths: Vec<_> = has.map(|rule| rule.path).collect();
            let start = format!("Invalid patch path  '{path}' specified for op '{op}'.");
            invalid(if paths.is_empty() {
                format!("{start} Please choose supported operations")
            } else {
                format!("{start} Must be one of: [{}]", paths.join(", "))
            })
        }
    }
}

fn change(
    root: &mut Value,
    rule: &Rule,
    op: &str,
    segments: &[String],
    operation: &PatchOperation,
) -> Result<(), Error> {
    let Some((last, above)) = segments.split_last() else { return Ok(()) };
    let holder = above.iter().fold(root, |at, segment| {
        let empty = match rule.form {
            Form::Element => Value::Array(Vec::new()),
            _ => Value::Object(Map::new()),
        };
        let entry = child(at, segment);
        if entry.is_null() {
            *entry = empty;
        }
        entry
    });
    if matches!(rule.form, Form::Element) {
        return change_element(holder, op, last, operation);
    }
    let Value::Object(members) = holder else { return Ok(()) };
    if let (Some(absent), "remove" | "replace") = (rule.absent, op)
        && !members.contains_key(last)
    {
        return Err(missing(absent));
    }
    let new = if op == "remove" { Value::Null } else { formed(rule.form, operation)? };
    if new.is_null() {
        members.remove(last);
    } else {
        members.insert(last.clone(), new);
    }
    Ok(())
}

/// The member of that name, made if need be.
fn child<'v>(at: &'v mut Value, segment: &str) -> &'v mut Value {
    if !at.is_object() {
        *at = Value::Object(Map::new());
    }
    &mut at[segment]
}

fn change_element(
    holder: &mut Value,
    op: &str,
    name: &str,
    operation: &PatchOperation,
) -> Result<(), Error> {
    let Value::Array(elements) = holder else { return Ok(()) };
    let position = elements.iter().position(|element| element == name);
    match (op, position) {
        ("add", None) => elements.push(name.into()),
        ("remove", Some(position)) => drop(elements.remove(position)),
        ("replace", Some(position)) => {
            elements.remove(position);
            elements.push(operation.value.as_deref().unwrap_or(name).into());
        }
        ("add", Some(_)) => {}
        _ => return Err(missing(format!("Invalid value `{name}`: the list does not have it"))),
    }
    Ok(())
}

fn formed(form: Form, operation: &PatchOperation) -> Result<Value, Error> {
    let text = operation.value.as_deref();
    Ok(match (form, text) {
        (Form::Flag, text) => text.is_some_and(|text| text.eq_ignore_ascii_case("true")).into(),
        (Form::Elements, Some(text)) => elements(text),
        (_, None) => Value::Null,
        (Form::Whole(refusal), Some(text)) => text
            .parse::<i64>()
            .map(|whole| Value::Number(Number::from(whole)))
            .map_err(|_| invalid(refusal))?,
        (Form::Text | Form::Element, Some(text)) => text.into(),
    })
}

fn elements(text: &str) -> Value {
    if let Ok(list @ Value::Array(_)) = serde_json::from_str(text) {
        return list;
    }
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(Value::from).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const RULES: &[Rule] = &[
        Rule::text("/name"),
        Rule::flag("/open"),
        Rule::whole("/size", "no size"),
        Rule::entry("/texts/*", "no such text"),
        Rule::element("/types/*"),
    ];

    fn operation(op: &str, path: &str, value: Option<&str>) -> PatchOperation {
        PatchOperation {
            op: Some(op.to_owned()),
            path: Some(path.to_owned()),
            value: value.map(str::to_owned),
            from: None,
        }
    }

    fn check(before: &Value, (op, path, value): (&str, &str, Option<&str>), expect: &Value) {
        let operations = [operation(op, path, value)];
        let after: Value =
            patched(before, &operations, RULES, Manner::Lists).expect("a legal patch");
        assert_eq!(&after, expect, "{op} {path}");
    }

    #[test]
    fn paths_change_what_they_name() {
        check(&json!({}), ("replace", "/name", Some("a")), &json!({"name": "a"}));
        check(&json!({"name": "a"}), ("replace", "/name", None), &json!({}));
        check(&json!({}), ("replace", "/open", Some("TRUE")), &json!({"open": true}));
        check(&json!({"open": true}), ("replace", "/open", None), &json!({"open": false}));
        check(&json!({}), ("replace", "/size", Some("7")), &json!({"size": 7}));
        check(&json!({}), ("add", "/texts/a~1b~0", Some("x")), &json!({"texts": {"a/b~": "x"}}));
        check(&json!({"texts": {"a": "x"}}), ("remove", "/texts/a", None), &json!({"texts": {}}));
        check(&json!({}), ("add", "/types/image~1png", None), &json!({"types": ["image/png"]}));
        check(
            &json!({"types": ["a", "b"]}),
            ("replace", "/types/a", Some("c")),
            &json!({"types": ["b", "c"]}),
        );
        check(&json!({"types": ["a"]}), ("remove", "/types/a", None), &json!({"types": []}));
    }

    #[test]
    fn what_no_rule_allows_is_refused_in_the_resources_manner() {
        let message = |op, path, value, manner| {
            let patch = [operation(op, path, value)];
            let error = patched(&json!({}), &patch, RULES, manner).expect_err("a refusal");
            error.message().to_owned()
        };
        let cases = [
            ("replace", "/id", None, Manner::Names, "Invalid patch path /id"),
            (
                "add",
                "/name",
                None,
                Manner::Names,
                "Invalid patch operation specified. Must be one of: [replace]",
            ),
            (
                "copy",
                "/name",
                None,
                Manner::Lists,
                "Invalid patch path  '/name' specified for op 'copy'. Please choose supported operations",
            ),
            (
                "add",
                "/id",
                None,
                Manner::Lists,
                "Invalid patch path  '/id' specified for op 'add'. Must be one of: [/texts/*, /types/*]",
            ),
            ("replace", "/size", Some("x"), Manner::Lists, "no size"),
            ("remove", "/texts/a", None, Manner::Lists, "no such text"),
        ];
        for (op, path, value, manner, expect) in cases {
            assert_eq!(message(op, path, value, manner), expect, "{op} {path}");
        }
    }
}
