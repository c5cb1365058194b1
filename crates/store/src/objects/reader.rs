//! Bytes on their way out: a range of an object's segments, as a stream or for a blocking thread.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    ops::Range,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use tokio::task::{JoinHandle, spawn_blocking};

use super::Object;
use crate::Error;

/// Bytes read at a time.
const BLOCK_BYTES: usize = 256 << 10;

impl Object {
    /// Streams a range of the bytes; what is beyond the end is left out.
    pub fn read(self, range: Range<u64>) -> ObjectReader {
        let state = State::Idle(Box::new(SegmentsReader::new(self, range)));
        ObjectReader { first: None, state }
    }

    /// Reads all bytes on a thread that may wait.
    pub(crate) fn into_reader(self) -> SegmentsReader {
        let all = 0..self.info.size;
        SegmentsReader::new(self, all)
    }
}

/// A stream of the bytes of a held object, in blocks.
#[derive(Debug)]
pub struct ObjectReader {
    /// A block that was read ahead.
    first: Option<Bytes>,
    state: State,
}

impl ObjectReader {
    /// Reads the first block ahead, so that bytes which are not there are known of before anything
    /// is promised.
    pub async fn begun(mut self) -> Result<Self, Error> {
        self.first = self.next().await.transpose()?;
        Ok(self)
    }
}

#[derive(Debug)]
enum State {
    Idle(Box<SegmentsReader>),
    Reading(JoinHandle<(Box<SegmentsReader>, Result<Bytes, Error>)>),
    Done,
}

impl Stream for ObjectReader {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(first)));
        }
        let mut reading = match std::mem::replace(&mut self.state, State::Done) {
            State::Done => return Poll::Ready(None),
            State::Reading(reading) => reading,
            State::Idle(mut reader) => spawn_blocking(move || {
                let block = reader.block();
                (reader, block)
            }),
        };
        let Poll::Ready(read) = Pin::new(&mut reading).poll(context) else {
            self.state = State::Reading(reading);
            return Poll::Pending;
        };
        let Ok((reader, block)) = read else { return Poll::Ready(Some(Err(Error::Closed))) };
        if block.as_ref().is_ok_and(Bytes::is_empty) {
            return Poll::Ready(None);
        }
        if block.is_ok() {
            self.state = State::Idle(reader);
        }
        Poll::Ready(Some(block))
    }
}

/// A range of an object's bytes, read on the calling thread.
#[derive(Debug)]
pub(crate) struct SegmentsReader {
    object: Object,
    /// The next segment to open.
    next: usize,
    /// Bytes to pass over in what comes next.
    skip: u64,
    /// Bytes still to come.
    left: u64,
    open: Option<io::Take<File>>,
}

impl SegmentsReader {
    fn new(object: Object, range: Range<u64>) -> Self {
        let end = range.end.min(object.info.size);
        let left = end.saturating_sub(range.start);
        Self { object, next: 0, skip: range.start, left, open: None }
    }

    /// The next block; empty at the end.
    fn block(&mut self) -> Result<Bytes, Error> {
        let mut block = vec![0; self.left.min(BLOCK_BYTES as u64) as usize];
        self.read_exact(&mut block).map_err(Error::io("read", self.object.info.key.as_ref()))?;
        Ok(block.into())
    }

    /// Opens the next segment that holds wanted bytes; false if there is none.
    fn advance(&mut self) -> io::Result<bool> {
        while let Some(segment) = self.object.segments.get(self.next) {
            self.next += 1;
            if self.skip >= segment.size {
                self.skip -= segment.size;
                continue;
            }
            let mut file = self.object.pin.blobs().open(&segment.blob).map_err(io::Error::other)?;
            file.seek(SeekFrom::Start(self.skip))?;
            self.open = Some(file.take(segment.size - self.skip));
            self.skip = 0;
            return Ok(true);
        }
        Ok(false)
    }
}

impl Read for SegmentsReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = self.left.min(buffer.len() as u64) as usize;
        if wanted == 0 {
            return Ok(0);
        }
        loop {
            if let Some(file) = &mut self.open {
                let read = file.read(&mut buffer[..wanted])?;
                if read > 0 {
                    self.left -= read as u64;
                    return Ok(read);
                }
            }
            if !self.advance()? {
                return Ok(0);
            }
        }
    }
}
