//! What the operations that read an object have in common: which one is asked for and on which
//! terms, which bytes of it, and what a reply tells besides them.

use s3s::{
    S3Result,
    dto::{self, ChecksumMode},
};
use store::{Object, Target};

use super::{Operations, conditions::Conditions, errors, owner, pieces::Piece};

/// Which object is asked for.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) target: Target,
    pub(super) owner: Option<String>,
    pub(super) version: Option<String>,
    pub(super) has_customer_key: bool,
}

/// Which bytes are asked for, if certain conditions hold.
#[derive(Debug)]
pub(super) struct Terms {
    pub(super) conditions: Conditions,
    pub(super) range: Option<dto::Range>,
    pub(super) part_number: Option<i32>,
    pub(super) checksum_mode: Option<ChecksumMode>,
}

/// The object that a `GetObject`, `HeadObject` or `GetObjectAttributes` input names.
macro_rules! wanted {
    ($input:expr) => {{
        let input = &mut $input;
        $crate::s3::reads::Wanted {
            target: store::Target::new(
                std::mem::take(&mut input.bucket),
                std::mem::take(&mut input.key),
            ),
            owner: input.expected_bucket_owner.take(),
            version: input.version_id.take(),
            has_customer_key: input.sse_customer_key.is_some(),
        }
    }};
}

/// The terms of a `GetObject` or `HeadObject` input.
macro_rules! terms {
    ($input:expr) => {{
        let input = $input;
        $crate::s3::reads::Terms {
            conditions: $crate::s3::conditions::Conditions {
                if_match: input.if_match,
                if_none_match: input.if_none_match,
                if_modified_since: input.if_modified_since,
                if_unmodified_since: input.if_unmodified_since,
            },
            range: input.range,
            part_number: input.part_number,
            checksum_mode: input.checksum_mode,
        }
    }};
}

/// Writes what is known of a piece of an object into a `GetObject` or `HeadObject` output; gives
/// what only fits in headers.
macro_rules! show {
    ($object:expr, $piece:expr, $output:expr) => {{
        let (object, piece, output): (&store::Object, &$crate::s3::pieces::Piece, _) =
            ($object, $piece, &mut $output);
        let info = object.info();
        output.content_length = Some(piece.length() as i64);
        output.content_range = piece.content_range();
        output.parts_count = piece.parts_count;
        output.e_tag = Some(s3s::dto::ETag::Strong(info.etag.clone()));
        output.last_modified = Some($crate::s3::times::shown(info.modified));
        $crate::s3::headers::show!(object.headers(), *output);
        if piece.with_checksums {
            $crate::s3::checksums::show!(piece.checksums(object.headers()), *output)
        } else {
            http::HeaderMap::new()
        }
    }};
}

pub(super) use {show, terms, wanted};

impl Wanted {
    /// Takes hold of the object, if it may be read.
    pub(super) async fn find(self, cx: &Operations) -> S3Result<Object> {
        owner::check(&cx.account, self.owner.as_deref())?;
        errors::refuse(&[
            (self.version.is_some_and(|id| id != "null"), "VersionId"),
            (self.has_customer_key, "SSECustomerKey"),
        ])?;
        cx.store.objects().get(&self.target).await.map_err(errors::from_store)
    }
}

impl Terms {
    /// The piece of the object that is asked for, if the conditions hold.
    pub(super) fn piece(self, object: &Object) -> S3Result<Piece> {
        self.conditions.check(object.info())?;
        let mut piece = Piece::of(object, self.range, self.part_number)?;
        let mode = self.checksum_mode.as_ref().map(ChecksumMode::as_str);
        piece.with_checksums = mode == Some(ChecksumMode::ENABLED);
        Ok(piece)
    }
}
