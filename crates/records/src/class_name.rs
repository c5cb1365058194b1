//! What a class is called in an answer, where that is not its number.
//!
//! Owns how a name is written in each format; a name is prepared once and copied ever after. Which
//! names there are is the caller's business.

use std::fmt::Write as _;

/// The name of one class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassName {
    class: u32,
    json: Box<str>,
    csv: Box<str>,
    /// In a list in CSV, which stands in quotes.
    csv_listed: Box<str>,
}

impl ClassName {
    /// The name `text` of the class with this number.
    pub fn text(class: u32, text: &str) -> Self {
        let json = json_string(text);
        let csv = if text.contains([',', '"', '\n', '\r']) { in_quotes(text) } else { text.into() };
        Self { class, csv_listed: doubled(&json).into(), json: json.into(), csv: csv.into() }
    }

    /// A name that JSON and CSV write alike without quotes, such as another number.
    pub fn bare(class: u32, text: &str) -> Self {
        Self { class, json: text.into(), csv: text.into(), csv_listed: text.into() }
    }

    /// The number of the class, for formats that hold numbers only.
    pub(crate) fn class(&self) -> u32 {
        self.class
    }

    /// As JSON.
    pub(crate) fn json(&self) -> &str {
        &self.json
    }

    /// As a cell of CSV, or as part of one that is a list.
    pub(crate) fn csv(&self, listed: bool) -> &str {
        if listed { &self.csv_listed } else { &self.csv }
    }
}

/// A JSON string: quotes, backslashes and control characters are escaped.
fn json_string(text: &str) -> String {
    let mut json = String::with_capacity(text.len() + 2);
    json.push('"');
    for character in text.chars() {
        match character {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            control if (control as u32) < 0x20 => {
                let _ = write!(json, "\\u{:04x}", control as u32);
            }
            other => json.push(other),
        }
    }
    json.push('"');
    json
}

fn in_quotes(text: &str) -> String {
    format!("\"{}\"", doubled(text))
}

fn doubled(text: &str) -> String {
    text.replace('"', "\"\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_written_for_each_format() {
        for (text, json, csv, csv_listed) in [
            ("cat", r#""cat""#, "cat", r#"""cat"""#),
            ("a,b", r#""a,b""#, r#""a,b""#, r#"""a,b"""#),
            (r#"6" pipe"#, r#""6\" pipe""#, r#""6"" pipe""#, r#"""6\"" pipe"""#),
            ("a\\b\tc", "\"a\\\\b\\u0009c\"", "a\\b\tc", "\"\"a\\\\b\\u0009c\"\""),
            ("größe", "\"größe\"", "größe", "\"\"größe\"\""),
            ("", "\"\"", "", "\"\"\"\""),
        ] {
            let name = ClassName::text(7, text);
            assert_eq!((name.json(), name.csv(false), name.csv(true)), (json, csv, csv_listed));
            assert_eq!(name.class(), 7);
        }
        let bare = ClassName::bare(1, "-5");
        assert_eq!((bare.json(), bare.csv(false), bare.csv(true)), ("-5", "-5", "-5"));
    }
}
