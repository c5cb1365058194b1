//! Owns which text matches in which lexical state. It knows bytes only; what a match does to the
//! states is `Lexer`'s. A first byte that leaves no choice is decided on at once; where several rules
//! may match, all are offered in the order of the grammar.

use super::bytes::{BLANK, DIGIT, IDENTIFIER, IDENTIFIER_START, SPACE, WORD, WORD_START, run};
use super::state::State;
use super::token::Kind;

/// What matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    Token(Kind),
    /// `$` or `$!`, with backslashes: a reference may begin.
    Dollar,
    /// `#`: a directive may begin.
    Hash,
    /// More of what is being read.
    Gather,
    TextblockOpen,
    CommentOpen,
    /// A character of a comment.
    Skip,
    /// The character that ends a reference, or a `#` that began nothing.
    Terminator,
}

/// The longest match so far; of two equally long ones, the one offered first.
struct Best(Option<Match>);

impl Best {
    fn offer(&mut self, rule: Rule, length: usize) {
        if length > self.0.map_or(0, |best| best.1) {
            self.0 = Some((rule, length));
        }
    }

    fn token(&mut self, kind: Kind, length: usize) {
        self.offer(Rule::Token(kind), length);
    }
}

/// What matched, and its length in bytes.
type Match = (Rule, usize);

fn token(kind: Kind, length: usize) -> Match {
    (Rule::Token(kind), length)
}

/// The longest match at the start of `text` in `state`, and its length in bytes. `text` is not empty.
pub(crate) fn longest(state: State, text: &[u8]) -> Option<Match> {
    match state {
        State::Text => Some(in_text(text)),
        State::PreDirective => Some(pre_directive(text)),
        State::Directive => directive(text),
        State::Reference | State::Modifier => Some(reference(state, text)),
        State::Arguments => arguments(text),
        State::Index => index(text),
        State::LineComment | State::BlockComment | State::Textblock => Some(comment(state, text)),
    }
}

fn in_text(text: &[u8]) -> Match {
    let first = text[0];
    if !matches!(first, b'$' | b'#' | b'\\') {
        if matches!(first, b' ' | b'\t') {
            let set = set_directive(text);
            if set > 0 {
                return (Rule::Token(Kind::Set), set);
            }
        }
        let length = memchr::memchr3(b'$', b'#', b'\\', text).unwrap_or(text.len());
        return (Rule::Token(Kind::Text), length);
    }
    let second = text.get(1);
    if first == b'$' && second.is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'{') {
        return (Rule::Dollar, 1);
    }
    if first == b'#' && second.is_some_and(|byte| byte.is_ascii_alphabetic() && *byte != b's') {
        return (Rule::Hash, 1);
    }
    let mut best = Best(None);
    best.token(Kind::EscapedDirective, escaped_directive(text));
    best.token(Kind::Set, set_directive(text));
    starts(text, &mut best);
    best.token(Kind::LineComment, literal(text, b"##"));
    best.token(Kind::DoubleEscape, literal(text, b"\\\\"));
    best.token(Kind::Escape, literal(text, b"\\"));
    best.token(Kind::EmptyIndex, empty_index(text));
    best.0.unwrap_or((Rule::Token(Kind::Text), 1))
}

/// What may begin in every state: references, directives, comments, text blocks.
fn starts(text: &[u8], best: &mut Best) {
    if text[0] == b'#' {
        best.offer(Rule::TextblockOpen, literal(text, b"#[["));
        best.offer(Rule::CommentOpen, literal(text, b"#*"));
        best.offer(Rule::Hash, 1);
        return;
    }
    if !matches!(text[0], b'$' | b'\\') {
        return;
    }
    let slashes = backslashes(text);
    if text.get(slashes) == Some(&b'$') {
        let dollar = slashes + 1;
        let more = backslashes(&text[dollar..]);
        let bang = text.get(dollar + more) == Some(&b'!');
        best.offer(Rule::Dollar, if bang { dollar + more + 1 } else { dollar });
    }
}

/// What a `$` begins where nothing else begins with one.
fn reference_starts(text: &[u8]) -> Option<Match> {
    let mut best = Best(None);
    starts(text, &mut best);
    best.0
}

fn comment(state: State, text: &[u8]) -> Match {
    let mut best = Best(None);
    match state {
        State::LineComment => {
            let end = match text {
                [b'\r', b'\n', ..] => 2,
                [b'\r' | b'\n', ..] => 1,
                _ => 0,
            };
            best.token(Kind::LineCommentEnd, end);
        }
        State::BlockComment => best.token(Kind::BlockComment, literal(text, b"*#")),
        _ => best.token(Kind::Textblock, literal(text, b"]]#")),
    }
    starts_in_comment(text, &mut best);
    let rest = if state == State::Textblock { Rule::Gather } else { Rule::Skip };
    best.0.unwrap_or((rest, 1))
}

/// Within a comment what would begin something is read in one piece, and has no meaning.
fn starts_in_comment(text: &[u8], best: &mut Best) {
    if literal(text, b"#**") > 0 && text.get(3).is_some_and(|&byte| byte != b'#') {
        best.offer(Rule::Gather, 4);
    }
    let mut inner = Best(None);
    starts(text, &mut inner);
    if let Some((_, length)) = inner.0 {
        best.offer(Rule::Gather, length);
    }
}

fn pre_directive(text: &[u8]) -> Match {
    let length = word(text);
    if length > 0 {
        let end = || line_end(&text[length..]);
        return match &text[..length] {
            b"end" => token(Kind::EndDirective, length + end()),
            b"else" => token(Kind::Else, length + end()),
            b"if" => token(Kind::If, length),
            b"elseif" => token(Kind::ElseIf, length),
            _ => token(Kind::Word, length),
        };
    }
    let mut best = Best(None);
    starts(text, &mut best);
    best.token(Kind::LineComment, literal(text, b"##"));
    best.token(Kind::EndDirective, bracketed(text, b"end", true));
    best.token(Kind::If, bracketed(text, b"if", false));
    best.token(Kind::ElseIf, bracketed(text, b"elseif", false));
    best.token(Kind::Else, bracketed(text, b"else", true));
    numbers(text, &mut best);
    best.token(Kind::BracketWord, bracket_word(text));
    best.0.unwrap_or((Rule::Terminator, 1))
}

fn directive(text: &[u8]) -> Option<Match> {
    match text[0] {
        b' ' | b'\t' | b'\r' | b'\n' => return Some(token(Kind::Space, run(text, SPACE))),
        b'(' => return Some(token(Kind::ParenOpen, 1)),
        b')' => return Some(token(Kind::ParenClose, 1 + line_end(&text[1..]))),
        b'"' | b'\'' => return string(text),
        b'$' => return reference_starts(text),
        _ => {}
    }
    let length = word(text);
    if length > 0 {
        return Some(token(
            boolean(&text[..length]).unwrap_or_else(|| operator(&text[..length])),
            length,
        ));
    }
    let mut best = Best(None);
    brackets(text, &mut best);
    starts(text, &mut best);
    best.token(Kind::LineComment, literal(text, b"##"));
    operators(text, &mut best);
    numbers(text, &mut best);
    best.token(Kind::BracketWord, bracket_word(text));
    best.0
}

fn reference(state: State, text: &[u8]) -> Match {
    let length = identifier(text);
    if length > 0 {
        return token(boolean(&text[..length]).unwrap_or(Kind::Identifier), length);
    }
    let mut best = Best(None);
    match text[0] {
        b'[' => return token(Kind::IndexOpen, 1),
        b'{' => return token(Kind::CurlyOpen, 1),
        b'}' => return token(Kind::CurlyClose, 1),
        b'(' if state == State::Modifier => return token(Kind::ParenOpen, 1),
        b'.' => best.token(Kind::Dot, dot(text)),
        b' ' | b'\t' => best.token(Kind::Set, set_directive(text)),
        b'$' | b'#' | b'\\' => {
            best.token(Kind::Set, set_directive(text));
            starts(text, &mut best);
            if state == State::Reference {
                best.token(Kind::LineComment, literal(text, b"##"));
                best.token(Kind::EmptyIndex, empty_index(text));
            }
        }
        _ => {}
    }
    best.0.unwrap_or((Rule::Terminator, 1))
}

fn arguments(text: &[u8]) -> Option<Match> {
    match text[0] {
        b')' => return Some(token(Kind::ArgumentsClose, 1)),
        b'"' | b'\'' => return string(text),
        b'\r' | b'\n' => return Some(token(Kind::Space, run(text, SPACE))),
        b',' => return Some(token(Kind::Comma, 1)),
        b'$' => return reference_starts(text),
        _ => {}
    }
    let length = identifier(text);
    if length > 0 {
        return Some(token(boolean(&text[..length]).unwrap_or(Kind::Identifier), length));
    }
    let mut best = Best(None);
    brackets(text, &mut best);
    best.token(Kind::Set, set_directive(text));
    starts(text, &mut best);
    best.token(Kind::Space, run(text, SPACE));
    numbers(text, &mut best);
    best.token(Kind::Dot, dot(text));
    best.0
}

fn index(text: &[u8]) -> Option<Match> {
    let mut best = Best(None);
    match text[0] {
        b']' => return Some(token(Kind::IndexClose, 1)),
        b' ' | b'\t' | b'\r' | b'\n' => return Some(token(Kind::Space, run(text, SPACE))),
        b'"' | b'\'' => return string(text),
        b'-' | b'.' | b'0'..=b'9' => numbers(text, &mut best),
        b't' => best.token(Kind::True, literal(text, b"true")),
        b'f' => best.token(Kind::False, literal(text, b"false")),
        _ => starts(text, &mut best),
    }
    best.0
}

fn brackets(text: &[u8], best: &mut Best) {
    let kind = match text[0] {
        b'[' => Kind::ListOpen,
        b']' => Kind::ListClose,
        b',' => Kind::Comma,
        b':' => Kind::Colon,
        b'{' => Kind::MapOpen,
        b'}' => Kind::MapClose,
        _ => return best.token(Kind::Range, literal(text, b"..")),
    };
    best.token(kind, 1);
}

fn boolean(word: &[u8]) -> Option<Kind> {
    match word {
        b"true" => Some(Kind::True),
        b"false" => Some(Kind::False),
        _ => None,
    }
}

/// The operator that is a word, or the word.
fn operator(word: &[u8]) -> Kind {
    match word {
        b"and" => Kind::And,
        b"or" => Kind::Or,
        b"not" => Kind::Not,
        b"lt" => Kind::Less,
        b"le" => Kind::LessEqual,
        b"gt" => Kind::Greater,
        b"ge" => Kind::GreaterEqual,
        b"eq" => Kind::Equal,
        b"ne" => Kind::NotEqual,
        _ => Kind::Word,
    }
}

/// The operators that are no words.
fn operators(text: &[u8], best: &mut Best) {
    let (kind, length) = match text {
        [b'&', b'&', ..] => (Kind::And, 2),
        [b'|', b'|', ..] => (Kind::Or, 2),
        [b'<', b'=', ..] => (Kind::LessEqual, 2),
        [b'>', b'=', ..] => (Kind::GreaterEqual, 2),
        [b'=', b'=', ..] => (Kind::Equal, 2),
        [b'!', b'=', ..] => (Kind::NotEqual, 2),
        [b'-', ..] => (Kind::Minus, 1),
        [b'+', ..] => (Kind::Plus, 1),
        [b'*', ..] => (Kind::Multiply, 1),
        [b'/', ..] => (Kind::Divide, 1),
        [b'%', ..] => (Kind::Modulo, 1),
        [b'<', ..] => (Kind::Less, 1),
        [b'>', ..] => (Kind::Greater, 1),
        [b'!', ..] => (Kind::Not, 1),
        [b'=', ..] => (Kind::Assign, 1),
        _ => return,
    };
    best.token(kind, length);
}

fn numbers(text: &[u8], best: &mut Best) {
    if !matches!(text[0], b'-' | b'.' | b'0'..=b'9') {
        return;
    }
    let minus = usize::from(text[0] == b'-');
    let digits = run(&text[minus..], DIGIT);
    let whole = minus + digits;
    if digits > 0 {
        best.token(Kind::Integer, whole + literal(&text[whole..], b".."));
        best.token(Kind::Float, whole_with(exponent(&text[whole..]), whole));
    }
    if text.get(whole) == Some(&b'.') {
        let fraction = run(&text[whole + 1..], DIGIT);
        if digits + fraction > 0 {
            let length = whole + 1 + fraction;
            best.token(Kind::Float, length + exponent(&text[length..]));
        }
    }
}

fn whole_with(exponent: usize, whole: usize) -> usize {
    if exponent == 0 { 0 } else { whole + exponent }
}

fn exponent(text: &[u8]) -> usize {
    if !matches!(text.first(), Some(b'e' | b'E')) {
        return 0;
    }
    let sign = usize::from(matches!(text.get(1), Some(b'+' | b'-')));
    let digits = run(&text[1 + sign..], DIGIT);
    if digits == 0 { 0 } else { 1 + sign + digits }
}

/// A quoted string; a doubled quote does not end it.
fn string(text: &[u8]) -> Option<Match> {
    let quote = text[0];
    let mut at = 1;
    while let Some(next) = memchr::memchr(quote, &text[at..]) {
        at += next + 1;
        if text.get(at) != Some(&quote) {
            return Some(token(Kind::Str, at));
        }
        if memchr::memchr(quote, &text[at + 1..]).is_none() {
            // No quote is left to close what a doubled one would continue.
            return Some(token(Kind::Str, at));
        }
        at += 1;
    }
    None
}

fn set_directive(text: &[u8]) -> usize {
    if !matches!(text[0], b'#' | b' ' | b'\t') {
        return 0;
    }
    let blanks = run(text, BLANK);
    let rest = &text[blanks..];
    if rest.first() != Some(&b'#') {
        return 0;
    }
    let name = literal(rest, b"#set") + literal(rest, b"#{set}");
    if name == 0 {
        return 0;
    }
    let spaces = rest[name..].iter().take_while(|&&byte| byte == b' ').count();
    let open = literal(&rest[name + spaces..], b"(");
    if open == 0 { 0 } else { blanks + name + spaces + open }
}

fn escaped_directive(text: &[u8]) -> usize {
    let slashes = backslashes(text);
    if slashes.is_multiple_of(2) || text.get(slashes) != Some(&b'#') {
        return 0;
    }
    let rest = &text[slashes + 1..];
    if rest.is_empty() {
        return 0;
    }
    let name = word(rest).max(bracket_word(rest));
    if name == 0 { 0 } else { slashes + 1 + name }
}

fn empty_index(text: &[u8]) -> usize {
    [b"$[".as_slice(), b"$![", b"$\\![", b"$."]
        .into_iter()
        .map(|start| literal(text, start))
        .max()
        .unwrap_or(0)
}

/// `{word}`, with the line end that follows it if the rule takes that.
fn bracketed(text: &[u8], word: &[u8], with_line_end: bool) -> usize {
    let length = bracket_word(text);
    if length != word.len() + 2 || text[1..=word.len()] != *word {
        return 0;
    }
    if with_line_end { length + line_end(&text[length..]) } else { length }
}

/// Blanks up to a line end and the line end; nothing where there is more on the line.
fn line_end(text: &[u8]) -> usize {
    let blanks = run(text, BLANK);
    match &text[blanks..] {
        [b'\r', b'\n', ..] => blanks + 2,
        [b'\r' | b'\n', ..] => blanks + 1,
        _ => 0,
    }
}

fn word(text: &[u8]) -> usize {
    if WORD_START.has(text[0]) { run(text, WORD) } else { 0 }
}

fn bracket_word(text: &[u8]) -> usize {
    if text[0] != b'{' || !text.get(1).is_some_and(|&byte| IDENTIFIER_START.has(byte)) {
        return 0;
    }
    let length = 1 + run(&text[1..], WORD);
    if text.get(length) == Some(&b'}') { length + 1 } else { 0 }
}

fn identifier(text: &[u8]) -> usize {
    if IDENTIFIER_START.has(text[0]) { run(text, IDENTIFIER) } else { 0 }
}

fn dot(text: &[u8]) -> usize {
    let property = text[0] == b'.' && text.get(1).is_some_and(u8::is_ascii_alphabetic);
    if property { 2 } else { 0 }
}

#[inline]
fn literal(text: &[u8], start: &[u8]) -> usize {
    // Most texts differ at once: comparing their first bytes here saves a call.
    let starts = text.first() == start.first() && text.starts_with(start);
    if starts { start.len() } else { 0 }
}

fn backslashes(text: &[u8]) -> usize {
    text.iter().position(|&byte| byte != b'\\').unwrap_or(text.len())
}
