//! Which predictions are explained: a `JMESPath` expression that is evaluated of each.
//!
//! A prediction in CSV is an array to it, one in JSON or JSON Lines what it is
//! (<https://docs.aws.amazon.com/sagemaker/latest/dg/clarify-online-explainability-create-endpoint.html>).

use jmespath::{ErrorReason, Expression, JmespathError, RuntimeError, Variable};
use serde_json::Value;

/// An expression that is true of the predictions to explain.
#[derive(Debug)]
pub(super) struct Condition {
    expression: Expression<'static>,
}

impl Condition {
    /// Reads an expression; the error is for whoever wrote it.
    pub(super) fn new(text: &str) -> Result<Self, String> {
        let refused = |error: &JmespathError| {
            format!(
                "`EnableExplanations` is `{text}`, which is no JMESPath expression: {}, at character \
                 {}; write literals in backquotes, as in ``[0] > `0.5` ``",
                reason(error),
                error.offset + 1
            )
        };
        let expression = jmespath::compile(text).map_err(|error| refused(&error))?;
        // Names of functions are looked up when they are called; nothing else can be told before.
        match expression.search(Variable::Null) {
            Err(error) if is_unknown(&error) => Err(refused(&error)),
            _ => Ok(Self { expression }),
        }
    }

    /// The places of the predictions, of `count`, that the expression is true of.
    pub(super) fn choose(&self, records: &[Value], count: usize) -> Result<Vec<usize>, String> {
        if records.len() != count {
            return Err(format!(
                "`EnableExplanations` can't be evaluated: {count} rows have {} predictions",
                records.len()
            ));
        }
        let mut chosen = Vec::new();
        for (place, record) in records.iter().enumerate() {
            if self.holds(record)? {
                chosen.push(place);
            }
        }
        Ok(chosen)
    }

    fn holds(&self, record: &Value) -> Result<bool, String> {
        let text = self.expression.as_str();
        let found = self.expression.search(record).map_err(|error| {
            format!(
                "`EnableExplanations` `{text}` can't be evaluated of the prediction `{record}`: {}",
                reason(&error)
            )
        })?;
        found.as_boolean().ok_or_else(|| {
            format!(
                "`EnableExplanations` `{text}` is `{found}` of the prediction `{record}`, neither \
                 true nor false; compare it with something, or write ``` `true` ``` for all"
            )
        })
    }
}

fn is_unknown(error: &JmespathError) -> bool {
    matches!(error.reason, ErrorReason::Runtime(RuntimeError::UnknownFunction(_)))
}

/// What went wrong, in the words of other messages.
fn reason(error: &JmespathError) -> String {
    match &error.reason {
        ErrorReason::Parse(what) => decapitalised(what),
        ErrorReason::Runtime(RuntimeError::UnknownFunction(name)) => {
            format!("there is no function `{name}`")
        }
        ErrorReason::Runtime(RuntimeError::InvalidSlice) => "a slice has a step of 0".to_owned(),
        ErrorReason::Runtime(other) => decapitalised(&other.to_string()),
    }
}

fn decapitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first
            .to_lowercase()
            .chain(letters.map(|letter| if letter == '\n' { ' ' } else { letter }))
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of AWS's guide, and what goes wrong.
    #[test]
    fn expressions_choose_or_say_why_not() {
        for (expression, record, expect) in [
            ("`true`", "[0]", Ok(true)),
            ("`false`", "[0]", Ok(false)),
            ("[1]>`0.5`", "[1, 0.6]", Ok(true)),
            ("[1]>`0.5`", "[1, 0.4]", Ok(false)),
            ("probability>`0.5`", r#"{"predicted_label": 1, "probability": 0.6}"#, Ok(true)),
            (
                "!contains(probabilities[:-1], max(probabilities))",
                r#"{"probabilities": [0.4, 0.1, 0.4], "labels": ["cat", "dog", "fish"]}"#,
                Ok(false),
            ),
            ("[?@ > `0.5`] | length(@) == `2`", "[0.6, 0.1, 0.9]", Ok(true)),
            ("contains(labels[*].name, 'cat')", r#"{"labels": [{"name": "cat"}]}"#, Ok(true)),
            ("length(@[][]) > `3`", "[[1, 2], [3]]", Ok(false)),
            ("max([a, b]) > `1`", r#"{"a": 0.5, "b": 2}"#, Ok(true)),
            ("{x: a}.x == `1`", r#"{"a": 1}"#, Ok(true)),
            (
                "max_by(@, &score).label == 'b'",
                r#"[{"score": 1, "label": "a"}, {"score": 2, "label": "b"}]"#,
                Ok(true),
            ),
            ("sort(@)[0] == `1` && reverse(@)[0] == `2`", "[3, 1, 2]", Ok(true)),
            ("values(@)[0] == `7`", r#"{"score": 7}"#, Ok(true)),
            ("[0]", "[0.5]", Err("is `0.5` of the prediction `[0.5]`, neither true nor false")),
            ("score>`0.5`", "[0.5]", Err("is `null` of the prediction")),
            ("nope([0])", "[0.5]", Err("there is no function `nope`, at character 5")),
            ("abs(@)", "[0.5]", Err("can't be evaluated of the prediction `[0.5]`: ")),
            ("[0", "[0.5]", Err("is `[0`, which is no JMESPath expression: ")),
            ("[::0]", "[0.5]", Err("of the prediction `[0.5]`: a slice has a step of 0")),
            ("length(@, @)", "[0.5]", Err("too many arguments: expected 1, found 2")),
            ("", "[0.5]", Err("which is no JMESPath expression: ")),
        ] {
            let record = serde_json::from_str(record).expect("a record");
            let found = Condition::new(expression).and_then(|condition| condition.holds(&record));
            match (found, expect) {
                (Ok(found), Ok(expect)) => assert_eq!(found, expect, "{expression}"),
                (Err(found), Err(expect)) => assert!(found.contains(expect), "{found}"),
                (found, _) => panic!("{expression}: {found:?}"),
            }
        }
    }
}
