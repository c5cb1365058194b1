//! Memory that is about to be read: where it lies, and asking the processor to bring it near while
//! something else is done.
//!
//! A server of many models finds most of them out of its caches when they are called, and would wait
//! for one line of memory after the other, each of which says where the next one is. Who owns memory
//! names it here once; who knows that it will be read soon fetches all of it at once.

use std::fmt;

use smallvec::SmallVec;

/// Bytes that come together.
const LINE: usize = 64;

/// More is not fetched: of something that large, one call reads little.
const LINES_MAX: usize = 256;

/// Places in memory, in the order in which they are fetched; 16 KiB at most.
///
/// It keeps addresses, and nothing alive: to fetch what is gone is useless and harmless. A few are
/// kept in itself, as it is read when nothing is near yet.
#[derive(Clone, Default)]
pub struct Footprint {
    spans: SmallVec<[Packed; 8]>,
    lines: usize,
}

/// Lines one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    start: usize,
    lines: usize,
}

/// A span of at most [`LINES_MAX`] lines: the number of the first, and in the lowest bits how many.
/// The highest bits of a number are lost; no program's memory has any there.
#[derive(Clone, Copy)]
struct Packed(u64);

/// Enough for [`LINES_MAX`].
const COUNT_BITS: u32 = 9;

impl Footprint {
    /// Adds the memory of a value, without what it points to; nothing, if that would be too much.
    pub fn add<T: ?Sized>(&mut self, memory: &T) {
        let span = Span::of(memory);
        if span.lines > 0 && self.lines + span.lines <= LINES_MAX {
            self.lines += span.lines;
            self.spans.push(span.into());
        }
    }

    /// Lines of 64 bytes, 256 at most.
    pub fn lines(&self) -> usize {
        self.lines
    }

    /// Asks for all of it, and returns before it is there.
    pub fn fetch(&self) {
        for span in &self.spans {
            Span::from(*span).fetch();
        }
    }
}

/// Asks for the memory of a value, without what it points to, and returns before it is there.
pub fn fetch<T: ?Sized>(memory: &T) {
    Span::of(memory).fetch();
}

impl Span {
    fn of<T: ?Sized>(memory: &T) -> Self {
        let bytes = size_of_val(memory);
        if bytes == 0 {
            return Self { start: 0, lines: 0 };
        }
        let address = std::ptr::from_ref(memory).cast::<u8>().addr();
        let start = address - address % LINE;
        Self { start, lines: (address + bytes - start).div_ceil(LINE) }
    }

    fn fetch(self) {
        for line in 0..self.lines {
            fetch_line(self.start + line * LINE);
        }
    }
}

impl From<Span> for Packed {
    fn from(Span { start, lines }: Span) -> Self {
        Self(((start / LINE) as u64) << COUNT_BITS | lines as u64)
    }
}

impl From<Packed> for Span {
    fn from(Packed(bits): Packed) -> Self {
        let lines = bits & ((1 << COUNT_BITS) - 1);
        Self { start: (bits >> COUNT_BITS) as usize * LINE, lines: lines as usize }
    }
}

impl fmt::Debug for Footprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Footprint({} lines in {} places)", self.lines, self.spans.len())
    }
}

#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "the instruction takes a pointer")]
fn fetch_line(address: usize) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    // SAFETY: a prefetch reads nothing that the program could see, and faults nowhere.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::without_provenance(address)) };
}

/// Elsewhere the processor finds out by itself.
#[cfg(not(target_arch = "x86_64"))]
fn fetch_line(_: usize) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[repr(align(64))]
    struct Lines([u8; 4 * LINE]);

    #[test]
    fn a_value_is_all_the_lines_that_it_touches() {
        let lines = Lines([0; 4 * LINE]);
        let start = std::ptr::from_ref(&lines).addr();
        for (from, len, first, count) in [
            (0, 64, 0, 1),
            (0, 65, 0, 2),
            (63, 2, 0, 2),
            (63, 1, 0, 1),
            (64, 128, 1, 2),
            (70, 0, 0, 0),
        ] {
            let span = Span::of(&lines.0[from..][..len]);
            assert_eq!(span.lines, count, "{len} bytes from {from}");
            assert!(count == 0 || span.start == start + first * LINE, "{len} bytes from {from}");
        }
    }

    #[test]
    fn a_span_is_the_same_once_it_was_packed() {
        let last = (1 << 56) - LINE;
        for (start, lines) in [(0, 1), (LINE, LINES_MAX), (last, LINES_MAX), (LINE << 20, 7)] {
            let span = Span { start, lines };
            assert_eq!(Span::from(Packed::from(span)), span);
        }
    }

    #[test]
    fn what_is_too_much_is_left_out_and_what_is_small_still_fits() {
        let (large, small) = (vec![0_u8; LINES_MAX * LINE + 1], [0_u8; 1]);
        let mut footprint = Footprint::default();
        footprint.add(&large[..]);
        assert_eq!(footprint.lines(), 0);
        footprint.add(&large[..(LINES_MAX - 1) * LINE]);
        let before = footprint.lines();
        footprint.add(&large[..]);
        assert_eq!(footprint.lines(), before);
        footprint.add(&small);
        assert!(footprint.lines() <= LINES_MAX);
        footprint.add("");
        footprint.fetch();
    }

    #[test]
    fn memory_that_is_gone_may_be_fetched() {
        let mut footprint = Footprint::default();
        footprint.add(&*Box::new([1_u64; 100]));
        footprint.fetch();
        fetch(&[2_u64; 9][..]);
    }
}
