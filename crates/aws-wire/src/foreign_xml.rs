//! XML that a client sends, before a library reads it: what must not be in it is refused, and what
//! the library would pass over is written in a way that it reads.
//!
//! Only the structure is looked at: whether tags match, and what they mean, is the reader's.

use std::borrow::Cow;

/// Elements inside each other, at most. S3's own have five.
pub const XML_DEPTH_MAX: usize = 32;

/// Why XML is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum XmlFault {
    /// It declares a type, and with it perhaps entities.
    #[error("it declares a document type; leave `<!DOCTYPE …>` out")]
    DocumentType,
    /// It goes too deep.
    #[error("its elements are nested more than {XML_DEPTH_MAX} deep")]
    Depth,
    /// It ends in a tag, a comment, a section or an element.
    #[error("it ends too early")]
    Unfinished,
    /// More elements end than began.
    #[error("an element ends that did not begin")]
    Unbegun,
}

/// The XML `body` without sections of character data: what stands in them is escaped instead.
/// Nothing is copied where there are none.
///
/// ```
/// use aws_wire::{XmlFault, plain_xml};
///
/// assert_eq!(plain_xml(b"<a><![CDATA[1 < 2]]></a>")?, &b"<a>1 &lt; 2</a>"[..]);
/// assert_eq!(plain_xml(b"<!DOCTYPE a [<!ENTITY b 'c'>]><a/>"), Err(XmlFault::DocumentType));
/// # Ok::<(), XmlFault>(())
/// ```
pub fn plain_xml(body: &[u8]) -> Result<Cow<'_, [u8]>, XmlFault> {
    let mut plain = Plain { body, copied: None, kept: 0 };
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(start) = find(body, at, b"<") {
        let (markup, end) = markup(body, start)?;
        match markup {
            Markup::Begin => depth += 1,
            Markup::End => depth = depth.checked_sub(1).ok_or(XmlFault::Unbegun)?,
            Markup::Section => plain.escape(start, end),
            Markup::Whole => {}
        }
        if depth > XML_DEPTH_MAX {
            return Err(XmlFault::Depth);
        }
        at = end;
    }
    if depth > 0 { Err(XmlFault::Unfinished) } else { Ok(plain.finish()) }
}

/// What begins with `<`.
enum Markup {
    /// The tag that an element begins with.
    Begin,
    /// The tag that it ends with.
    End,
    /// Character data.
    Section,
    /// An empty element, a comment or an instruction: what has no inside.
    Whole,
}

const SECTION: &[u8] = b"<![CDATA[";
const SECTION_END: &[u8] = b"]]>";

/// The markup at `start`, and where it ends.
fn markup(body: &[u8], start: usize) -> Result<(Markup, usize), XmlFault> {
    let rest = &body[start..];
    let until = |prefix: &[u8], end: &[u8]| {
        find(body, start + prefix.len(), end).map(|at| at + end.len()).ok_or(XmlFault::Unfinished)
    };
    Ok(match rest {
        [b'<', b'!', b'-', b'-', ..] => (Markup::Whole, until(b"<!--", b"-->")?),
        _ if rest.starts_with(SECTION) => (Markup::Section, until(SECTION, SECTION_END)?),
        [b'<', b'!', ..] => return Err(XmlFault::DocumentType),
        [b'<', b'?', ..] => (Markup::Whole, until(b"<?", b"?>")?),
        [b'<', b'/', ..] => (Markup::End, until(b"</", b">")?),
        _ => tag(body, start)?,
    })
}

/// The tag at `start`. An attribute's value may have a `>` in it.
fn tag(body: &[u8], start: usize) -> Result<(Markup, usize), XmlFault> {
    let mut quote = None;
    for (at, &byte) in body.iter().enumerate().skip(start + 1) {
        match (quote, byte) {
            (None, b'>') if body[at - 1] == b'/' => return Ok((Markup::Whole, at + 1)),
            (None, b'>') => return Ok((Markup::Begin, at + 1)),
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
    }
    Err(XmlFault::Unfinished)
}

/// Where `wanted` stands in `body`, from `from` on.
fn find(body: &[u8], from: usize, wanted: &[u8]) -> Option<usize> {
    let rest = body.get(from..)?;
    rest.windows(wanted.len()).position(|window| window == wanted).map(|at| from + at)
}

/// The body on its way to one without sections.
struct Plain<'b> {
    body: &'b [u8],
    copied: Option<Vec<u8>>,
    /// How much of the body is in the copy.
    kept: usize,
}

impl<'b> Plain<'b> {
    /// Writes the section from `start` to `end` as text.
    fn escape(&mut self, start: usize, end: usize) {
        let copied = self.copied.get_or_insert_with(|| Vec::with_capacity(self.body.len()));
        copied.extend_from_slice(&self.body[self.kept..start]);
        for &byte in &self.body[start + SECTION.len()..end - SECTION_END.len()] {
            match byte {
                b'&' => copied.extend_from_slice(b"&amp;"),
                b'<' => copied.extend_from_slice(b"&lt;"),
                b'>' => copied.extend_from_slice(b"&gt;"),
                byte => copied.push(byte),
            }
        }
        self.kept = end;
    }

    fn finish(self) -> Cow<'b, [u8]> {
        match self.copied {
            None => Cow::Borrowed(self.body),
            Some(mut copied) => {
                copied.extend_from_slice(&self.body[self.kept..]);
                Cow::Owned(copied)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_and_what_is_refused() {
        let same = |xml: &'static str| (xml, Ok(xml));
        let refused = |xml: &'static str, fault: XmlFault| (xml, Err(fault));
        let cases = [
            same(""),
            same("text alone"),
            same("<?xml version=\"1.0\"?><a><b/>x &amp; y</a>\n"),
            same("<a b=\"1 > 0 />\" c='\">'>x</a>"),
            same("<a><!-- <b> and <!DOCTYPE --></a>"),
            ("<a><![CDATA[]]></a>", Ok("<a></a>")),
            ("<a>1<![CDATA[<&>]] ]]>2<![CDATA[x]]></a>", Ok("<a>1&lt;&amp;&gt;]] 2x</a>")),
            refused("<!DOCTYPE a><a/>", XmlFault::DocumentType),
            refused("<!doctype a [<!ENTITY b SYSTEM 'file:///x'>]><a/>", XmlFault::DocumentType),
            refused("<a><!ENTITY b 'c'></a>", XmlFault::DocumentType),
            refused("<a><![cdata[x]]></a>", XmlFault::DocumentType),
            refused("<a>", XmlFault::Unfinished),
            refused("<a", XmlFault::Unfinished),
            refused("<a b='>", XmlFault::Unfinished),
            refused("<", XmlFault::Unfinished),
            refused("<!-- x", XmlFault::Unfinished),
            refused("<a><![CDATA[x]]", XmlFault::Unfinished),
            refused("<?xml", XmlFault::Unfinished),
            refused("</a>", XmlFault::Unbegun),
            refused("<a></a></a>", XmlFault::Unbegun),
        ];
        for (xml, expect) in cases {
            let plain = plain_xml(xml.as_bytes());
            let plain = plain.as_deref().map(|plain| str::from_utf8(plain).expect("text"));
            assert_eq!(plain, expect.as_ref().copied(), "{xml}");
        }
    }

    #[test]
    fn depth_has_an_end() {
        let nested = |depth: usize| ["<a>".repeat(depth), "</a>".repeat(depth)].concat();
        assert!(plain_xml(nested(XML_DEPTH_MAX).as_bytes()).is_ok());
        assert_eq!(plain_xml(nested(XML_DEPTH_MAX + 1).as_bytes()), Err(XmlFault::Depth));
        assert!(plain_xml("<a/>".repeat(1000).as_bytes()).is_ok());
    }
}
