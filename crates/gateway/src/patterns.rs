//! Selection patterns: Java regular expressions that must match all of a text.
//!
//! A linear-time engine does the matching, so that no answer of a backend can make it slow; what
//! needs look-around or back-references is refused when it is defined.

use regex_lite::Regex;

/// A pattern that matches whole texts.
pub(crate) fn whole(pattern: &str) -> Result<Regex, regex_lite::Error> {
    Regex::new(&format!(r"\A(?:{pattern})\z"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_all_of_a_text() {
        let check = |pattern: &str, text: &str, expect: bool| {
            let regex = whole(pattern).expect("a pattern");
            assert_eq!(regex.is_match(text), expect, "{pattern} {text}");
        };
        check(r"4\d{2}", "404", true);
        check(r"4\d{2}", "1404", false);
        check(r"(\n|.)+", "a\nb", true);
        check(r"4\d{2}|5\d{2}", "503", true);
        check(".*Bad.*", "[Bad] thing", true);
        check("", "200", false);
    }
}
