//! Owns character classes: what a character must be.

/// A set of characters.
#[derive(Clone, Debug)]
pub(super) enum Class {
    /// Any character but the ends of lines, or any at all.
    Any {
        lines: bool,
    },
    Range {
        from: char,
        to: char,
        fold: bool,
    },
    Digit,
    Word,
    Space,
    Horizontal,
    Vertical,
    /// A class by its name, as `\p{Alpha}`.
    Named(fn(char) -> bool),
    Not(Box<Class>),
    OneOf(Vec<Class>),
    Both(Box<Class>, Box<Class>),
}

impl Class {
    pub(super) fn holds(&self, c: char) -> bool {
        match self {
            Self::Any { lines } => *lines || !is_line_end(c),
            Self::Range { from, to, fold } => {
                let within = |c: char| (*from..=*to).contains(&c);
                within(c)
                    || *fold && (within(c.to_ascii_lowercase()) || within(c.to_ascii_uppercase()))
            }
            Self::Digit => c.is_ascii_digit(),
            Self::Word => is_word(c),
            Self::Space => matches!(c, ' ' | '\t' | '\n' | '\u{b}' | '\u{c}' | '\r'),
            Self::Horizontal => {
                matches!(
                    c,
                    ' ' | '\t' | '\u{a0}' | '\u{1680}' | '\u{180e}' | '\u{2000}'
                        ..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}'
                )
            }
            Self::Vertical => {
                matches!(c, '\n' | '\u{b}' | '\u{c}' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
            }
            Self::Named(test) => test(c),
            Self::Not(class) => !class.holds(c),
            Self::OneOf(classes) => classes.iter().any(|class| class.holds(c)),
            Self::Both(left, right) => left.holds(c) && right.holds(c),
        }
    }

    pub(super) fn negated(self, negated: bool) -> Self {
        if negated { Self::Not(Box::new(self)) } else { self }
    }
}

pub(super) fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

pub(super) fn is_line_end(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// The class of `\p{name}`.
pub(super) fn named(name: &str) -> Option<Class> {
    let test: fn(char) -> bool = match name {
        "Lower" => |c| c.is_ascii_lowercase(),
        "Upper" => |c| c.is_ascii_uppercase(),
        "ASCII" => |c| c.is_ascii(),
        "Alpha" => |c| c.is_ascii_alphabetic(),
        "Digit" => |c| c.is_ascii_digit(),
        "Alnum" => |c| c.is_ascii_alphanumeric(),
        "Punct" => |c| c.is_ascii_punctuation(),
        "Graph" => |c| c.is_ascii_graphic(),
        "Print" => |c| c.is_ascii_graphic() || c == ' ',
        "Blank" => |c| c == ' ' || c == '\t',
        "Cntrl" => |c| c.is_ascii_control(),
        "XDigit" => |c| c.is_ascii_hexdigit(),
        "Space" => |c| Class::Space.holds(c),
        "L" | "IsL" | "IsAlphabetic" | "javaLetter" => char::is_alphabetic,
        "Lu" | "IsLu" | "IsUppercase" | "javaUpperCase" => char::is_uppercase,
        "Ll" | "IsLl" | "IsLowercase" | "javaLowerCase" => char::is_lowercase,
        "N" | "IsN" | "Nd" | "IsNd" | "IsDigit" | "javaDigit" => char::is_numeric,
        "Z" | "Zs" | "IsWhite_Space" | "javaWhitespace" => char::is_whitespace,
        "Cc" | "C" => char::is_control,
        "P" | "IsPunctuation" => |c| {
            c.is_ascii_punctuation() && !"$+<=>^`|~".contains(c)
                || ('\u{2010}'..='\u{2027}').contains(&c)
        },
        _ => return None,
    };
    Some(Class::Named(test))
}
