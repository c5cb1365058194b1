//! Names that say nothing: a file, folder or module called one of these is a drawer, not a part.

use syn::visit::{self, Visit};

/// Whole words; `manager_test` is caught, `management` is not.
const EMPTY_NAMES: [&str; 12] = [
    "util",
    "utils",
    "utility",
    "utilities",
    "common",
    "helper",
    "helpers",
    "manager",
    "managers",
    "misc",
    "base",
    "shared_code",
];

/// Complains about a path of which one part is an empty name.
pub(crate) fn check_path(path: &str) -> Option<String> {
    path.split('/').find(|part| is_empty_name(stem(part))).map(|part| complaint(path, part))
}

/// Complains about modules declared under an empty name.
pub(crate) fn check_modules(path: &str, syntax: &syn::File) -> Vec<String> {
    let mut modules = Modules::default();
    modules.visit_file(syntax);
    modules.found.iter().map(|name| complaint(path, name)).collect()
}

fn complaint(path: &str, name: &str) -> String {
    format!("{path}: `{name}` says nothing; name it after what it does")
}

fn stem(part: &str) -> &str {
    part.split('.').next().unwrap_or(part)
}

fn is_empty_name(name: &str) -> bool {
    name.split(['_', '-']).any(|word| EMPTY_NAMES.contains(&word)) || EMPTY_NAMES.contains(&name)
}

#[derive(Default)]
struct Modules {
    found: Vec<String>,
}

impl<'ast> Visit<'ast> for Modules {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        let name = module.ident.to_string();
        if is_empty_name(&name) {
            self.found.push(name);
        }
        visit::visit_item_mod(self, module);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_judged_part_by_part_and_word_by_word() {
        let cases = [
            ("crates/store/src/objects.rs", false),
            ("crates/store/src/utils.rs", true),
            ("crates/store/common/objects.rs", true),
            ("tests/clients/http_helpers.py", true),
            ("crates/store/src/management.rs", false),
            ("crates/store/src/database.rs", false),
        ];
        for (path, expected) in cases {
            assert_eq!(check_path(path).is_some(), expected, "{path}");
        }
    }

    #[test]
    fn modules_are_found_at_any_depth() {
        let syntax = syn::parse_file("mod a { mod helpers {} } mod objects {}").expect("it parses");
        let found = check_modules("a.rs", &syntax);
        assert_eq!(found, ["a.rs: `helpers` says nothing; name it after what it does"]);
    }
}
