//! Words that mean unfinished work: what is committed is done, and what is not done is not served.
//!
//! Clippy denies the macros too; it does not see other languages, comments or ignored tests.

use syn::visit::{self, Visit};

use super::sources::Source;

/// Looked for in every language. Written in halves, so that this file does not find itself.
const MARKS: [&str; 7] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X:"),
    concat!("#[ign", "ore]"),
    concat!("pytest.mark.sk", "ip"),
    // What git leaves of a merge that nobody finished.
    concat!("<<<<", "<<< "),
    concat!(">>>>", ">>> "),
];
/// Macros that stand in for code.
const MACROS: [&str; 3] = ["todo", "unimplemented", "dbg"];

/// Complains about each line that holds a mark.
pub(crate) fn check(source: &Source) -> Vec<String> {
    let numbered = source.text.lines().enumerate();
    let complaint = |(index, line): (usize, &str)| {
        let mark = MARKS.iter().find(|mark| line.contains(**mark))?;
        Some(format!("{}:{}: `{mark}` stands for unfinished work", source.path, index + 1))
    };
    numbered.filter_map(complaint).collect()
}

/// Complains about each use of a macro that stands in for code.
pub(crate) fn check_macros(path: &str, syntax: &syn::File) -> Vec<String> {
    let mut uses = Uses::default();
    uses.visit_file(syntax);
    let complaint = |name: &String| format!("{path}: `{name}!` stands for unfinished work");
    uses.found.iter().map(complaint).collect()
}

#[derive(Default)]
struct Uses {
    found: Vec<String>,
}

impl<'ast> Visit<'ast> for Uses {
    fn visit_macro(&mut self, invocation: &'ast syn::Macro) {
        if let Some(last) = invocation.path.segments.last() {
            let name = last.ident.to_string();
            if MACROS.contains(&&*name) {
                self.found.push(name);
            }
        }
        visit::visit_macro(self, invocation);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_found_with_their_line() {
        let text = format!("fine\n# {} later\n", MARKS[0]);
        let found = check(&Source { path: "a.py".to_owned(), text });
        assert_eq!(found, [format!("a.py:2: `{}` stands for unfinished work", MARKS[0])]);
    }

    #[test]
    fn macros_are_found_by_name_not_by_text() {
        let text = "fn a() { std::todo!() } fn b() { println!(\"dbg!\") } struct todo;";
        let syntax = syn::parse_file(text).expect("it parses");
        assert_eq!(check_macros("a.rs", &syntax), ["a.rs: `todo!` stands for unfinished work"]);
    }
}
