//! Path parts: text, `{name}` or `{name+}`, and which of them can be siblings.

use resources::{Error, rest_apis::ApiResource};

use super::refusals::{conflict, invalid};

/// The parameter that a path part stands for, and whether it takes all of the rest.
pub(crate) fn parameter(part: &str) -> Option<(&str, bool)> {
    let name = part.strip_prefix('{')?.strip_suffix('}')?;
    Some(name.strip_suffix('+').map_or((name, false), |name| (name, true)))
}

/// Holds a path part to its form.
pub(crate) fn check(part: &str) -> Result<(), Error> {
    let text = parameter(part).map_or(part, |(name, _)| name);
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-:$".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return Ok(());
    }
    Err(invalid(
        "Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path variable and curly \
         braces at the beginning and the end.",
    ))
}

/// Holds a new or moved child to its parent and the children that are there.
pub(crate) fn check_place(
    parent: &ApiResource,
    siblings: &[&ApiResource],
    part: &str,
) -> Result<(), Error> {
    if let Some(greedy) = parent.path_part.as_deref().filter(|part| is_greedy(part)) {
        let text =
            format!("Cannot create a child of a resource with a greedy path variable: {greedy}");
        return Err(invalid(text));
    }
    let parts = || siblings.iter().filter_map(|sibling| sibling.path_part.as_deref());
    if parts().any(|sibling| sibling == part) {
        let text = format!("Another resource with the same parent already has this name: {part}");
        return Err(conflict(text));
    }
    match parts().find(|sibling| parameter(sibling).is_some()) {
        Some(sibling) if parameter(part).is_some() => Err(invalid(format!(
            "A sibling ({sibling}) of this resource already has a variable path part -- only one \
             is allowed"
        ))),
        _ => Ok(()),
    }
}

fn is_greedy(part: &str) -> bool {
    parameter(part).is_some_and(|(_, greedy)| greedy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_text_or_one_parameter() {
        for part in ["pets", "v1.0", "a:b", "{id}", "{proxy+}", "a-b_c"] {
            assert!(check(part).is_ok(), "{part}");
        }
        for part in ["", "a b", "{}", "{+}", "a/b", "{a}b", "x{a}", "{a", "é"] {
            assert!(check(part).is_err(), "{part}");
        }
    }
}
