//! How long functions and files are, tests left out, and how that is spread over the tree.
//!
//! A function is measured from its signature to its closing brace, a file without its test
//! modules. Whether a length is too much is decided in `exceptions`.

use std::fmt;

use proc_macro2::Span;
use syn::{
    spanned::Spanned as _,
    visit::{self, Visit},
};

use super::sources::Source;

/// Above this a function needs an exception with a reason.
pub(crate) const FUNCTION_LINES_MAX: usize = 70;
/// From this length on a file needs an exception with a reason.
pub(crate) const FILE_LINES_MAX: usize = 499;
/// What the whole tree keeps to: the median and the 90th percentile stay below these.
const MEDIAN_LINES_BELOW: usize = 10;
const NINETIETH_LINES_BELOW: usize = 40;
/// Over 70 lines stay fewer than this share of all functions, in percent.
const LONG_PERCENT_BELOW: f64 = 2.0;

/// One function or file and its length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Length {
    /// The file, and for a function `::name` or `::Type::name`.
    pub(crate) name: String,
    /// Lines.
    pub(crate) lines: usize,
}

/// All that was measured.
#[derive(Debug, Default)]
pub(crate) struct Measured {
    /// Every function with a body.
    pub(crate) functions: Vec<Length>,
    /// Every file.
    pub(crate) files: Vec<Length>,
}

impl Measured {
    /// Measures one file.
    pub(crate) fn add(&mut self, source: &Source, syntax: &syn::File) {
        let mut walk = Walk { scope: vec![source.path.clone()], ..Walk::default() };
        walk.visit_file(syntax);
        let lines = source.text.lines().count().saturating_sub(walk.test_lines);
        self.files.push(Length { name: source.path.clone(), lines });
        self.functions.extend(walk.functions);
    }
}

/// How the lengths of functions are spread.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    count: usize,
    median: usize,
    ninetieth: usize,
    long_percent: f64,
}

impl Spread {
    /// The spread of these lengths.
    pub(crate) fn of(functions: &[Length]) -> Self {
        let mut lines: Vec<_> = functions.iter().map(|function| function.lines).collect();
        lines.sort_unstable();
        let at = |percent: usize| lines.get(lines.len() * percent / 100).copied().unwrap_or(0);
        let long = lines.iter().filter(|lines| **lines > FUNCTION_LINES_MAX).count();
        Self {
            count: lines.len(),
            median: at(50),
            ninetieth: at(90),
            long_percent: 100.0 * long as f64 / lines.len().max(1) as f64,
        }
    }

    /// Complains when the tree as a whole reads worse than it should.
    pub(crate) fn check(&self) -> Option<String> {
        let fine = self.median < MEDIAN_LINES_BELOW
            && self.ninetieth < NINETIETH_LINES_BELOW
            && self.long_percent < LONG_PERCENT_BELOW;
        (!fine).then(|| {
            format!(
                "functions are too long on the whole; wanted are a median below \
                 {MEDIAN_LINES_BELOW}, a 90th percentile below {NINETIETH_LINES_BELOW} and less \
                 than {LONG_PERCENT_BELOW} % over {FUNCTION_LINES_MAX}"
            )
        })
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { count, median, ninetieth, long_percent } = self;
        write!(
            f,
            "{count} functions: median {median} lines, 90th percentile {ninetieth}, \
             {long_percent:.1} % over {FUNCTION_LINES_MAX}"
        )
    }
}

#[derive(Default)]
struct Walk {
    scope: Vec<String>,
    functions: Vec<Length>,
    test_lines: usize,
}

impl Walk {
    fn measure(&mut self, signature: &syn::Signature, block: &syn::Block) {
        let start = signature.span().start().line;
        let lines = block.brace_token.span.close().end().line + 1 - start;
        let name = format!("{}::{}", self.scope.join("::"), signature.ident);
        self.functions.push(Length { name, lines });
    }

    fn within(&mut self, name: String, walk: impl FnOnce(&mut Self)) {
        self.scope.push(name);
        walk(self);
        self.scope.pop();
    }
}

impl<'ast> Visit<'ast> for Walk {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if is_for_tests(&module.attrs) {
            self.test_lines += lines_of(module.span());
        } else {
            self.within(module.ident.to_string(), |walk| visit::visit_item_mod(walk, module));
        }
    }

    fn visit_item_impl(&mut self, block: &'ast syn::ItemImpl) {
        self.within(type_name(&block.self_ty), |walk| visit::visit_item_impl(walk, block));
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        self.within(item.ident.to_string(), |walk| visit::visit_item_trait(walk, item));
    }

    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        if is_for_tests(&function.attrs) {
            self.test_lines += lines_of(function.span());
        } else {
            self.measure(&function.sig, &function.block);
            visit::visit_item_fn(self, function);
        }
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.measure(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        if let Some(block) = &function.default {
            self.measure(&function.sig, block);
        }
        visit::visit_trait_item_fn(self, function);
    }
}

fn lines_of(span: Span) -> usize {
    span.end().line + 1 - span.start().line
}

fn type_name(of: &syn::Type) -> String {
    match of {
        syn::Type::Path(path) => {
            path.path.segments.last().map_or_else(String::new, |last| last.ident.to_string())
        }
        syn::Type::Reference(reference) => type_name(&reference.elem),
        _ => "_".to_owned(),
    }
}

fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        syn::Meta::Path(path) => path.is_ident("test"),
        syn::Meta::List(list) => {
            list.path.is_ident("cfg") && list.tokens.to_string().split(' ').next() == Some("test")
        }
        syn::Meta::NameValue(_) => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(text: &str) -> Measured {
        let source = Source { path: "a.rs".to_owned(), text: text.to_owned() };
        let mut measured = Measured::default();
        measured.add(&source, &syn::parse_file(text).expect("it parses"));
        measured
    }

    fn length(name: &str, lines: usize) -> Length {
        Length { name: name.to_owned(), lines }
    }

    #[test]
    fn a_function_runs_from_its_signature_to_its_brace() {
        let text = "/// Says.\n#[inline]\npub fn a(\n    b: u8,\n) -> u8 {\n    b\n}\nfn c() {}\n";
        assert_eq!(measured(text).functions, [length("a.rs::a", 5), length("a.rs::c", 1)]);
    }

    #[test]
    fn methods_carry_their_type_and_bodyless_ones_do_not_count() {
        let text = "impl<T> Trait for &A<T> {\n fn b(&self) {\n }\n}\n\
                    trait C { fn d(); fn e() {} }\n";
        assert_eq!(measured(text).functions, [length("a.rs::A::b", 2), length("a.rs::C::e", 1)]);
    }

    #[test]
    fn tests_count_neither_as_functions_nor_as_lines() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\n#[test]\nfn c() {}\n";
        let measured = measured(text);
        assert_eq!(measured.functions, [length("a.rs::a", 1)]);
        assert_eq!(measured.files, [length("a.rs", 1)]);
    }

    #[test]
    fn code_that_is_left_out_of_tests_counts() {
        let text = "#[cfg(not(test))]\nmod a {\n    fn b() {}\n}\n";
        assert_eq!(measured(text).functions, [length("a.rs::a::b", 1)]);
    }

    #[test]
    fn the_spread_is_judged_as_a_whole() {
        let spread = |lines: &[usize]| {
            Spread::of(&lines.iter().map(|lines| length("a", *lines)).collect::<Vec<_>>())
        };
        assert_eq!(spread(&[1, 2, 3]).check(), None);
        assert_eq!(spread(&[]).check(), None);
        assert!(spread(&[10, 10, 10]).check().is_some(), "a median of 10 is not below 10");
        assert!(spread(&[1, 1, 1, 1, 41]).check().is_some(), "the 90th percentile is 41");
        assert!(spread(&[[1; 20].as_slice(), &[71]].concat()).check().is_some(), "5 % are long");
    }
}
