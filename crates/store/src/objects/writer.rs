//! Bytes on their way in: collected into blocks, hashed and written where waiting is allowed.
//!
//! No thread is held while a slow client sends, and at most one block of memory is used.

use std::sync::Arc;

use bytes::Bytes;
use md5::{Digest, Md5};
use tokio::task;

use crate::{
    Error, Tx,
    blobs::{BlobWriter, Blobs, PendingBlob, Segment},
    cursor::to_hex,
};

/// Bytes collected before they are written.
const BLOCK_BYTES: usize = 1 << 20;

/// Takes the bytes of one object or part. Dropped unfinished, it leaves nothing.
#[derive(Debug)]
pub struct ObjectWriter {
    blobs: Arc<Blobs>,
    block: Vec<Bytes>,
    block_bytes: usize,
    /// None while a block is being written, and after one failed.
    sink: Option<Sink>,
}

#[derive(Debug, Default)]
struct Sink {
    /// None until the first bytes: an empty object has no blob.
    file: Option<BlobWriter>,
    md5: Md5,
    size: u64,
}

/// Bytes that are stored and have no name yet. Dropped, they go.
#[derive(Debug)]
pub struct Stored {
    blob: Option<PendingBlob>,
    md5: [u8; 16],
    size: u64,
}

impl ObjectWriter {
    pub(crate) fn new(blobs: Arc<Blobs>) -> Self {
        Self { blobs, block: Vec::new(), block_bytes: 0, sink: Some(Sink::default()) }
    }

    /// Appends bytes. After an error the writer is of no more use.
    pub async fn write(&mut self, bytes: Bytes) -> Result<(), Error> {
        self.block_bytes += bytes.len();
        self.block.push(bytes);
        if self.block_bytes < BLOCK_BYTES {
            return Ok(());
        }
        let (blobs, block, mut sink) = self.take()?;
        let turn = blobs.turn().await?;
        let written = task::spawn_blocking(move || {
            let _turn = turn;
            sink.write_through(&blobs, &block).map(|()| sink)
        });
        self.sink = Some(written.await.map_err(|_| Error::Closed)??);
        Ok(())
    }

    /// Writes what is left, and makes it durable.
    pub async fn finish(mut self) -> Result<Stored, Error> {
        let (blobs, block, mut sink) = self.take()?;
        let turn = blobs.turn().await?;
        let finished = task::spawn_blocking(move || {
            sink.write(&blobs, &block)?;
            // To sync is to wait, which others may do at the same time.
            drop(turn);
            sink.finish()
        });
        finished.await.map_err(|_| Error::Closed)?
    }

    fn take(&mut self) -> Result<(Arc<Blobs>, Vec<Bytes>, Sink), Error> {
        let sink = self.sink.take().ok_or(Error::Closed)?;
        self.block_bytes = 0;
        Ok((Arc::clone(&self.blobs), std::mem::take(&mut self.block), sink))
    }
}

impl Sink {
    fn write(&mut self, blobs: &Arc<Blobs>, block: &[Bytes]) -> Result<(), Error> {
        for bytes in block.iter().filter(|bytes| !bytes.is_empty()) {
            let file = match &mut self.file {
                Some(file) => file,
                none => none.insert(blobs.create()?),
            };
            file.write(bytes)?;
            self.md5.update(bytes);
            self.size += bytes.len() as u64;
        }
        Ok(())
    }

    /// Writes a block that more will follow.
    fn write_through(&mut self, blobs: &Arc<Blobs>, block: &[Bytes]) -> Result<(), Error> {
        self.write(blobs, block)?;
        self.file.iter_mut().for_each(BlobWriter::begin_sync);
        Ok(())
    }

    fn finish(self) -> Result<Stored, Error> {
        let blob = self.file.map(BlobWriter::finish).transpose()?;
        Ok(Stored { blob, md5: self.md5.finalize().into(), size: self.size })
    }
}

impl Stored {
    /// The MD5 of the bytes.
    pub fn md5(&self) -> [u8; 16] {
        self.md5
    }

    /// The MD5 in hex, without quotes.
    pub fn etag(&self) -> String {
        to_hex(&self.md5)
    }

    /// How many bytes there are.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Hands the bytes to a transaction; they stay if it is committed.
    pub(super) fn adopt(self, tx: &Tx<'_>) -> Vec<Segment> {
        let Some(blob) = self.blob else { return Vec::new() };
        let md5 = Some(to_hex(&self.md5));
        let segment = Segment { blob: blob.id().clone(), size: self.size, md5 };
        tx.adopt(blob);
        vec![segment]
    }
}
