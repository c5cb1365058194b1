//! `GetObject`.

use http::HeaderMap;
use s3s::{
    S3Request, S3Result,
    dto::{GetObjectInput, GetObjectOutput, StreamingBlob},
};

use super::{Operations, errors, reads};

pub(super) async fn call(
    cx: &Operations,
    request: S3Request<GetObjectInput>,
) -> S3Result<(GetObjectOutput, HeaderMap)> {
    let mut input = request.input;
    let object = reads::wanted!(input).find(cx).await?;
    let piece = reads::terms!(input).piece(&object)?;
    let mut output = GetObjectOutput::default();
    let apart = reads::show!(&object, &piece, output);
    let reader = object.read(piece.bytes).begun().await.map_err(errors::of_bytes)?;
    output.body = Some(StreamingBlob::wrap(reader));
    Ok((output, apart))
}
