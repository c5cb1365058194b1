//! Owns `$esc`, as published templates use it: characters that are hard to write in a template.

use vtl::{JsonLists, Object, ObjectError, Value};

use super::allowance::Allowance;
use super::functions::escape_java_script;

/// `$esc`
#[derive(Debug)]
pub(super) struct Escapes<'d>(pub(super) &'d Allowance);

impl<'d> Object<'d> for Escapes<'d> {
    fn property(&self, name: &str) -> Option<Value<'d>> {
        Some(Value::text(match name {
            "newline" | "n" => "\n",
            "dollar" | "d" => "$",
            "hash" | "h" => "#",
            "backslash" | "b" => "\\",
            "quote" | "q" => "\"",
            "singleQuote" | "s" => "'",
            "exclamation" | "e" => "!",
            _ => return None,
        }))
    }

    fn call(
        &self,
        method: &str,
        arguments: &[Value<'d>],
    ) -> Result<Option<Value<'d>>, ObjectError> {
        let ("javascript", [argument]) = (method, arguments) else { return Ok(None) };
        let text = escape_java_script(&argument.written(JsonLists::Json));
        self.0.spend(text.len())?;
        Ok(Some(text.into()))
    }
}
