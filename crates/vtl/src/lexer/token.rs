//! Owns the words that the lexer hands to the parser. What they mean together is the parser's.

/// What a token is. The names follow Velocity's grammar, so that its documentation explains ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The template's end.
    End,
    /// `[` behind a reference.
    IndexOpen,
    /// `]` of an index.
    IndexClose,
    /// `[` of a list or range.
    ListOpen,
    /// `]` of a list or range.
    ListClose,
    Comma,
    /// `..`
    Range,
    Colon,
    MapOpen,
    MapClose,
    ParenOpen,
    /// `)` of a directive or group, with the line end that follows it.
    ParenClose,
    /// `)` behind a method's arguments.
    ArgumentsClose,
    /// `\#if` and its like.
    EscapedDirective,
    /// `#set(` with the blanks in front of it.
    Set,
    /// `##`
    LineComment,
    /// The line end that closes a `##` comment.
    LineCommentEnd,
    /// The `*#` of a comment.
    BlockComment,
    /// `#[[…]]#`, whole.
    Textblock,
    /// `\\`
    DoubleEscape,
    /// `\`
    Escape,
    Text,
    Space,
    Str,
    True,
    False,
    Minus,
    Plus,
    Multiply,
    Divide,
    Modulo,
    And,
    Or,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Equal,
    NotEqual,
    Not,
    Assign,
    /// `#end`
    EndDirective,
    If,
    ElseIf,
    Else,
    Integer,
    Float,
    /// `#name` of a directive, or a bare word among its arguments.
    Word,
    /// `#{name}`
    BracketWord,
    Identifier,
    /// `.` in front of a property or method.
    Dot,
    CurlyOpen,
    CurlyClose,
    /// `$[` and `$.`, which look like a reference and are none.
    EmptyIndex,
}

impl Kind {
    /// What a message calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::End => "the end of the template",
            Kind::ParenClose | Kind::ArgumentsClose => "`)`",
            Kind::ParenOpen => "`(`",
            Kind::IndexClose | Kind::ListClose => "`]`",
            Kind::EndDirective => "`#end`",
            Kind::CurlyClose | Kind::MapClose => "`}`",
            Kind::Assign => "`=`",
            Kind::Identifier => "a name",
            Kind::Word => "a word",
            Kind::Colon => "`:`",
            Kind::Range => "`..`",
            _ => "something else",
        }
    }
}

/// One token: its kind and where its text stands, in bytes of the source.
///
/// The text includes what the lexer gathered in front of it, such as the `$!` of `$!name`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) start: u32,
    pub(crate) end: u32,
    /// Where a false start in front of the token begins, such as the lone `$` of `$ 5`; it ends
    /// where the token starts. Equal to `start` where there is none.
    pub(crate) lead: u32,
}

impl Token {
    /// The token's text.
    pub(crate) fn image<'s>(&self, source: &'s str) -> &'s str {
        &source[self.start as usize..self.end as usize]
    }
}

/// What a false start leaves in the output: its dollars, hashes and escaped dollars, but not a `!`.
/// Apache Velocity 1.7 writes `$ 5` for `$! 5`, and templates depend on what they saw.
pub(crate) fn false_start(image: &str) -> String {
    let mut out = String::new();
    let mut rest = image;
    while let Some(first) = rest.chars().next() {
        let backslashes = rest.len() - rest.trim_start_matches('\\').len();
        if backslashes > 0 && rest[backslashes..].starts_with('$') {
            out.push_str(&rest[..=backslashes]);
            rest = rest[backslashes + 1..].get(1..).unwrap_or_default();
            continue;
        }
        if first == '#' || first == '$' {
            out.push(first);
        }
        rest = &rest[first.len_utf8()..];
    }
    out
}
