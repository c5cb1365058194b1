//! The crate picture in `ARCHITECTURE.md`, compared with what cargo knows.
//!
//! The picture is a fenced block that opens with ```` ```crates ```` and has one line per crate,
//! `name -> dependency dependency`, in alphabetical order.

use std::fs;

use super::edges::Edges;
use crate::workspace::Workspace;

const PAGE: &str = "ARCHITECTURE.md";
const FENCE: &str = "```crates\n";

/// Complains, with the right picture, when the page has none or another.
pub(crate) fn check(workspace: &Workspace, edges: &Edges) -> anyhow::Result<Option<String>> {
    let path = workspace.path(PAGE);
    let page = if path.exists() { fs::read_to_string(path)? } else { String::new() };
    Ok(compare(&page, &draw(edges)))
}

fn compare(page: &str, drawn: &str) -> Option<String> {
    let shown = page.split_once(FENCE).and_then(|(_, rest)| rest.split_once("```"));
    let said = shown.map(|(block, _)| block);
    (said != Some(drawn)).then(|| {
        format!(
            "{PAGE}: the crate picture is missing or stale; this is the tree:\n{FENCE}{drawn}```"
        )
    })
}

fn draw(edges: &Edges) -> String {
    let mut drawn = String::new();
    for (from, to) in edges {
        let to: Vec<_> = to.iter().map(String::as_str).collect();
        drawn.push_str(format!("{from} -> {}", to.join(" ")).trim_end());
        drawn.push('\n');
    }
    drawn
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn drawn() -> String {
        let to = BTreeSet::from(["b".to_owned(), "c".to_owned()]);
        draw(&Edges::from([("a".to_owned(), to), ("b".to_owned(), BTreeSet::new())]))
    }

    #[test]
    fn crates_are_drawn_one_per_line() {
        assert_eq!(drawn(), "a -> b c\nb ->\n");
    }

    #[test]
    fn only_the_very_picture_passes() {
        let cases = [
            ("# Page\n```crates\na -> b c\nb ->\n```\nmore", true),
            ("# Page\n```crates\na -> b\nb ->\n```\n", false),
            ("# Page\n", false),
            ("", false),
        ];
        for (page, expected) in cases {
            assert_eq!(compare(page, &drawn()).is_none(), expected, "{page:?}");
        }
    }
}
