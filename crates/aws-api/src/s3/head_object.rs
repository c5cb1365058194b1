//! `HeadObject`.

use http::HeaderMap;
use s3s::{
    S3Request, S3Result,
    dto::{HeadObjectInput, HeadObjectOutput},
};

use super::{Operations, reads};

pub(super) async fn call(
    cx: &Operations,
    request: S3Request<HeadObjectInput>,
) -> S3Result<(HeadObjectOutput, HeaderMap)> {
    let mut input = request.input;
    let object = reads::wanted!(input).find(cx).await?;
    let piece = reads::terms!(input).piece(&object)?;
    let mut output = HeadObjectOutput::default();
    let apart = reads::show!(&object, &piece, output);
    Ok((output, apart))
}
