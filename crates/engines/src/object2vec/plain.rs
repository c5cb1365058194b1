//! Bodies as programs write them: `{"instances": [{"in0": [1], "in1": [2]}, …]}` and nothing else.
//!
//! Owns reading those in one pass, which is most of what there is to read. It says of any other body
//! only that it is none of these: what that one is, or what is wrong with it, is `request`'s business.

use super::{network::Lists, request::Bounds};

/// More digits than any token has, and few enough for them not to overflow.
const DIGITS_MAX: usize = 9;

/// Appends the inputs of a body's instances; none where the body is something else, whatever was
/// appended by then.
pub(super) fn read(body: &[u8], bounds: [Bounds; 2], inputs: &mut [Lists; 2]) -> Option<()> {
    let mut text = Text(body);
    text.expect(b"{")?;
    text.expect(b"\"instances\"")?;
    text.expect(b":")?;
    text.expect(b"[")?;
    loop {
        instance(&mut text, bounds, inputs)?;
        match text.next()? {
            b',' => {}
            b']' => break,
            _ => return None,
        }
    }
    text.expect(b"}")?;
    text.skip_blanks();
    text.0.is_empty().then_some(())
}

/// One or two inputs, each once.
fn instance(text: &mut Text<'_>, bounds: [Bounds; 2], inputs: &mut [Lists; 2]) -> Option<()> {
    let mut found = [false; 2];
    text.expect(b"{")?;
    loop {
        text.expect(b"\"in")?;
        let side = match text.byte()? {
            b'0' => 0,
            b'1' => 1,
            _ => return None,
        };
        let again = std::mem::replace(&mut found[side], true);
        if again || text.byte()? != b'"' {
            return None;
        }
        text.expect(b":")?;
        tokens(text, bounds[side], &mut inputs[side])?;
        match text.next()? {
            b',' => {}
            b'}' => return Some(()),
            _ => return None,
        }
    }
}

fn tokens(text: &mut Text<'_>, bounds: Bounds, into: &mut Lists) -> Option<()> {
    let start = into.tokens.len();
    text.expect(b"[")?;
    loop {
        let token = text.number()?;
        if token as usize >= bounds.vocabulary {
            return None;
        }
        if into.tokens.len() - start < bounds.tokens_max {
            into.tokens.push(token);
        }
        match text.next()? {
            b',' => {}
            b']' => break,
            _ => return None,
        }
    }
    into.ends.push(into.tokens.len());
    Some(())
}

/// What is left to read.
struct Text<'b>(&'b [u8]);

impl Text<'_> {
    fn skip_blanks(&mut self) {
        while let [b' ' | b'\t' | b'\n' | b'\r', rest @ ..] = self.0 {
            self.0 = rest;
        }
    }

    fn expect(&mut self, part: &[u8]) -> Option<()> {
        self.skip_blanks();
        self.0 = self.0.strip_prefix(part)?;
        Some(())
    }

    /// The next byte that is no blank.
    fn next(&mut self) -> Option<u8> {
        self.skip_blanks();
        self.byte()
    }

    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    /// A natural number, without zeros in front, as JSON has it.
    fn number(&mut self) -> Option<u32> {
        self.skip_blanks();
        let mut number = 0;
        let mut digits = 0;
        while let [digit @ b'0'..=b'9', rest @ ..] = self.0 {
            if digits == DIGITS_MAX || (digits == 1 && number == 0) {
                return None;
            }
            number = number * 10 + u32::from(digit - b'0');
            digits += 1;
            self.0 = rest;
        }
        (digits > 0).then_some(number)
    }
}
