//! Owns putting a program together: arenas grow, and the text of a template is kept once, with what
//! is not in it appended.

use std::ops::Range;

use super::{BlockId, Expr, ExprId, Macro, Node, Program, RefId, Reference, Span};

/// A block in the making: where its nodes begin among those of all open ones.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OpenBlock(usize);

/// A program in the making.
#[derive(Debug, Default)]
pub(crate) struct Builder {
    text: String,
    nodes: Vec<Node>,
    blocks: Vec<Range<u32>>,
    /// The nodes of blocks that are still open, the innermost one's last.
    open: Vec<Node>,
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
            nodes: Vec::with_capacity(dollars + hashes + 1),
            blocks: Vec::with_capacity(hashes + 1),
            open: Vec::new(),
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

    /// Opens a block. Until it is closed, those that are opened later are closed before it.
    pub(crate) fn open(&self) -> OpenBlock {
        OpenBlock(self.open.len())
    }

    /// Adds a node; text that touches the text before it becomes part of that.
    pub(crate) fn push(&mut self, block: OpenBlock, node: Node) {
        if let Node::Text(next) = &node
            && let Some(Node::Text(last)) = self.open[block.0..].last_mut()
            && last.end == next.start
        {
            last.end = next.end;
            return;
        }
        self.open.push(node);
    }

    pub(crate) fn close(&mut self, block: OpenBlock) -> BlockId {
        let start = self.nodes.len() as u32;
        self.nodes.extend(self.open.drain(block.0..));
        self.blocks.push(start..self.nodes.len() as u32);
        BlockId(self.blocks.len() as u32 - 1)
    }

    /// Drops the blank at a block's end, if that is how it ends.
    pub(crate) fn chop(&mut self, id: BlockId) -> bool {
        let Range { start, end } = self.blocks[id.0 as usize];
        let Some(Node::Text(span)) = self.nodes[start as usize..end as usize].last_mut() else {
            return false;
        };
        let blank = self.text[span.start as usize..span.end as usize].ends_with(' ');
        span.end -= u32::from(blank);
        blank
    }

    /// A block's text, if that is all there is in it.
    pub(crate) fn plain_text(&self, id: BlockId) -> Option<&str> {
        let Range { start, end } = self.blocks[id.0 as usize];
        match &self.nodes[start as usize..end as usize] {
            [Node::Text(span)] => Some(&self.text[span.start as usize..span.end as usize]),
            _ => None,
        }
    }

    pub(crate) fn finish(self, root: BlockId) -> Program {
        Program {
            text: self.text,
            nodes: self.nodes,
            blocks: self.blocks,
            exprs: self.exprs,
            references: self.references,
            macros: self.macros,
            root,
        }
    }
}
