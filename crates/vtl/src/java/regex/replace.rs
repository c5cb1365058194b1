//! Owns replacement texts: `$1`, `${name}` and escapes.

use super::Regex;
use super::matcher::Matcher;
use crate::eval::Refusal;

/// A piece of a replacement.
#[derive(Debug)]
pub(super) enum Part {
    Text(String),
    Group(usize),
}

/// Reads a replacement text.
pub(super) fn parse(replacement: &str, regex: &Regex) -> Result<Vec<Part>, Refusal> {
    let mut parts = Vec::new();
    let mut text = String::new();
    let mut rest = replacement.chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' => match rest.next() {
                Some(escaped) => text.push(escaped),
                None => return Err(Refusal::method("the replacement ends with a `\\`")),
            },
            '$' => {
                parts.push(Part::Text(std::mem::take(&mut text)));
                let (group, behind) = group(rest.as_str(), regex)?;
                parts.push(Part::Group(group));
                rest = behind.chars();
            }
            c => text.push(c),
        }
    }
    parts.push(Part::Text(text));
    Ok(parts)
}

/// The group behind a `$`, and what follows it.
fn group<'t>(text: &'t str, regex: &Regex) -> Result<(usize, &'t str), Refusal> {
    if let Some((name, behind)) = text.strip_prefix('{').and_then(|text| text.split_once('}')) {
        let found = regex.names.iter().find(|(known, _)| known == name);
        return match found {
            Some((_, group)) => Ok((*group, behind)),
            None => Err(Refusal::method(format!("the replacement names no group: `${{{name}}}`"))),
        };
    }
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 {
        let message = "the replacement has a `$` that names no group: write `\\$` for a dollar";
        return Err(Refusal::method(message));
    }
    // As many digits as still name a group; the others are text.
    for length in (1..=digits.min(9)).rev() {
        let group = text[..length].parse().unwrap_or(usize::MAX);
        if group < regex.groups {
            return Ok((group, &text[length..]));
        }
    }
    Err(Refusal::method(format!(
        "the replacement names group {} of {}",
        &text[..1],
        regex.groups - 1
    )))
}

/// Writes a replacement for the last match.
pub(super) fn expand(parts: &[Part], matcher: &Matcher<'_>, out: &mut String) {
    for part in parts {
        out.push_str(match part {
            Part::Text(text) => text,
            Part::Group(group) => matcher.group(*group).unwrap_or_default(),
        });
    }
}
