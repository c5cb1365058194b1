//! Owns string literals: what their quotes and escapes mean, and the template within a string of
//! double quotes, which is a constant where nothing in it has a meaning: `"$.movies"`.

use super::Parser;
use crate::error::Fault;
use crate::lexer::Token;
use crate::program::{Constant, Expr, ExprId};

impl Parser<'_, '_, '_> {
    /// A string literal.
    pub(super) fn string(&mut self) -> Result<ExprId, Fault> {
        let token = self.advance()?;
        let image = token.image(self.source);
        let body = &image[1..image.len() - 1];
        if !body.contains(['\\', '\'', '"', '$', '#']) {
            return Ok(self.plain_string(body));
        }
        if image.starts_with('\'') {
            return Ok(self.plain_string(&body.replace("''", "'")));
        }
        let text = unescape(body).replace("\"\"", "\"");
        if !image.contains(['$', '#']) {
            return Ok(self.plain_string(&text));
        }
        self.nested(|parser| parser.interpolated(text, &token))
    }

    fn plain_string(&mut self, text: &str) -> ExprId {
        let constant = Constant::Text(text.into());
        self.shared.builder.expr(Expr::Constant(constant))
    }

    /// A template in a string. Velocity puts a blank behind it, so that a `$` at its end is text,
    /// and takes the last character off what it rendered; not so where a `##` swallows the blank.
    fn interpolated(&mut self, mut text: String, token: &Token) -> Result<ExprId, Fault> {
        let blank = !text.contains("##");
        if blank {
            text.push(' ');
        }
        let origin = self.offset(token) + 1;
        let body = Parser::new(&text, origin, self.shared).whole()?;
        let chop = blank && !self.shared.builder.chop(body);
        if let Some(text) = self.shared.builder.plain_text(body).filter(|_| !chop) {
            let text = text.to_owned();
            return Ok(self.plain_string(&text));
        }
        Ok(self.shared.builder.expr(Expr::Interpolated { body, chop }))
    }
}

/// Replaces `\uXXXX`; what has no four hexadecimal digits stays, where Velocity fails.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("\\u") {
        let digits = rest.get(at + 2..at + 6).unwrap_or_default();
        let code = digits
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit())
            .then(|| u32::from_str_radix(digits, 16).ok())
            .flatten();
        let Some(code) = code else {
            out.push_str(&rest[..at + 2]);
            rest = &rest[at + 2..];
            continue;
        };
        out.push_str(&rest[..at]);
        // Half of a surrogate pair cannot stand in a string of ours.
        out.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
        rest = &rest[at + 6..];
    }
    out.push_str(rest);
    out
}
