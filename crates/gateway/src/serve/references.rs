//! The plain substitution of gateway responses and access logs: `$name` and `${name}`, nothing else
//! of Velocity.

/// The template with what `value` knows filled in; all else stays as it is.
pub(crate) fn filled(template: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some(start) = rest.find('$') {
        out.push_str(&rest[..start]);
        rest = &rest[start + 1..];
        let braced = rest.strip_prefix('{');
        let text = braced.unwrap_or(rest);
        let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        let end = text.find(|c| !legal(c)).unwrap_or(text.len());
        let name = text[..end].trim_end_matches('.');
        match value(name) {
            Some(value) => {
                out.push_str(&value);
                rest = &text[name.len()..];
                rest = if braced.is_some() { rest.strip_prefix('}').unwrap_or(rest) } else { rest };
            }
            None => out.push('$'),
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_is_filled_in() {
        let check = |template: &str, expect: &str| {
            let value = |name: &str| name.strip_prefix("a.").map(|name| format!("<{name}>"));
            assert_eq!(filled(template, value), expect, "{template}");
        };
        check("$a.b and ${a.c}d $a.e.", "<b> and <c>d <e>.");
        check("$other ${other} $ $$a.b 5$", "$other ${other} $ $<b> 5$");
        check("", "");
    }
}
