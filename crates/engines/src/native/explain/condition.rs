//! Which predictions are explained: a `JMESPath` expression that is evaluated of each.
//!
//! A prediction in CSV is an array to it, one in JSON or JSON Lines what it is
//! (<https://docs.aws.amazon.com/sagemaker/latest/dg/clarify-online-explainability-create-endpoint.html>).

use serde_json::Value;

use super::expression::Expression;

/// An expression that is true of the predictions to explain.
#[derive(Debug)]
pub(super) struct Condition {
    text: String,
    expression: Expression,
}

impl Condition {
    /// Reads an expression; the error is for whoever wrote it.
    pub(super) fn new(text: &str) -> Result<Self, String> {
        match Expression::read(text) {
            Ok(expression) => Ok(Self { text: text.to_owned(), expression }),
            Err(error) => Err(format!(
                "`EnableExplanations` is `{text}`, which is no JMESPath expression: {error}; write \
                 literals in backquotes, as in ``[0] > `0.5` ``"
            )),
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
        let text = &self.text;
        let found = self.expression.of(record).map_err(|error| {
            format!(
                "`EnableExplanations` `{text}` can't be evaluated of the prediction `{record}`: \
                 {error}"
            )
        })?;
        found.as_bool().ok_or_else(|| {
            format!(
                "`EnableExplanations` `{text}` is `{found}` of the prediction `{record}`, neither \
                 true nor false; compare it with something, or write ``` `true` ``` for all"
            )
        })
    }
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
            ("[0]", "[0.5]", Err("is `0.5` of the prediction `[0.5]`, neither true nor false")),
            ("score>`0.5`", "[0.5]", Err("is `null` of the prediction")),
            ("nope([0])", "[0.5]", Err("there is no function `nope`, at character 1")),
            ("abs(@)", "[0.5]", Err("can't be evaluated of the prediction `[0.5]`: ")),
            ("[0", "[0.5]", Err("is `[0`, which is no JMESPath expression: ")),
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
