//! `GetObject`.

use http::HeaderMap;
use s3s::{
    S3Request, S3Result,
    dto::{GetObjectInput, GetObjectOutput, StreamingBlob},
};

use super::{Operations, reads};

pub(super) async fn call(
    cx: &Operations,
    request: S3Request<GetObjectInput>,
) -> S3Result<(GetObjectOutput, HeaderMap)> {
    let mut input = request.input;
    let object = reads::wanted!(input).find(cx).await?;
    let piece = reads::terms!(input).piece(&object)?;
    let mut output = GetObjectOutput::default();
    let apart = reads::show!(&object, &piece, output);
    output.body = Some(StreamingBlob::wrap(object.read(piece.bytes)));
    Ok((output, apart))
}
