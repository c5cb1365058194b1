//! Owns putting a program together: arenas grow, and the text of a template is kept once, with what
//! is not in it appended.

use super::{Block, BlockId, Expr, ExprId, Macro, Node, Program, RefId, Reference, Span};

/// A program in the making.
#[derive(Debug, Default)]
pub(crate) struct Builder {
    text: String,
    blocks: Vec<Box<[Node]>>,
    exprs: Vec<Expr>,
    references: Vec<Reference>,
    macros: Vec<Macro>,
}

impl Builder {
    /// A builder with room for what `source` is likely to hold.
    pub(crate) fn for_source(source: &str) -> Self {
        let dollars = memchr::memchr_iter(b'$', source.as_bytes()).count();
        let hashes = memchr::memchr_iter(b'#', source.as_bytes()).count();
        Self {
            text: String::with_capacity(source.len() + source.len() / 8),
            blocks: Vec::with_capacity(hashes + 1),
            exprs: Vec::with_capacity(dollars),
            references: Vec::with_capacity(dollars),
            macros: Vec::new(),
        }
    }

    /// A copy of `text` in the program.
    pub(crate) fn text(&mut self, text: &str) -> Span {
        let start = self.text.len() as u32;
        self.text.push_str(text);
        Span { start, end: self.text.len() as u32 }
    }

    pub(crate) fn expr(&mut self, expr: Expr) -> ExprId {
        self.exprs.push(expr);
        ExprId(self.exprs.len() as u32 - 1)
    }

    pub(crate) fn expr_of(&self, id: ExprId) -> &Expr {
        &self.exprs[id.0 as usize]
    }

    pub(crate) fn reference(&mut self, reference: Reference) -> RefId {
        self.references.push(reference);
        RefId(self.references.len() as u32 - 1)
    }

    pub(crate) fn reference_of(&self, id: RefId) -> &Reference {
        &self.references[id.0 as usize]
    }

    pub(crate) fn define_macro(&mut self, defined: Macro) {
        self.macros.push(defined);
    }

    pub(crate) fn block(&mut self, nodes: Block) -> BlockId {
        self.blocks.push(nodes.0.into_boxed_slice());
        BlockId(self.blocks.len() as u32 - 1)
    }

    /// Drops the blank at a block's end, if that is how it ends.
    pub(crate) fn chop(&mut self, id: BlockId) -> bool {
        let Some(Node::Text(span)) = self.blocks[id.0 as usize].last_mut() else {
            return false;
        };
        let blank = self.text[span.start as usize..span.end as usize].ends_with(' ');
        span.end -= u32::from(blank);
        blank
    }

    /// A block's text, if that is all there is in it.
    pub(crate) fn plain_text(&self, id: BlockId) -> Option<&str> {
        match &*self.blocks[id.0 as usize] {
            [Node::Text(span)] => Some(&self.text[span.start as usize..span.end as usize]),
            _ => None,
        }
    }

    pub(crate) fn finish(self, root: BlockId) -> Program {
        Program {
            text: self.text,
            blocks: self.blocks,
            exprs: self.exprs,
            references: self.references,
            macros: self.macros,
            root,
        }
    }
}
