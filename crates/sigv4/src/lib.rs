//! AWS Signature Version 4: sign and verify HTTP requests, with the clock passed in.
//!
//! The crate owns the canonical form of a request, the signing key and the comparison. It leaves
//! to its caller who owns a key, what time it is, and how an [`Error`] looks on the wire.
//!
//! A server keeps one [`Verifier`] per thread, so that derived keys are cached without a lock. A
//! client fills in a [`Signer`]. Signing and verifying meet in this example:
//!
//! ```
//! use sigv4::{Payload, Request, Secret, Settings, Signer, Verifier};
//!
//! let now = 1_440_938_160; // 2015-08-30T12:36:00Z
//! let (mut parts, body) = http::Request::post("http://localhost/endpoints/iris/invocations")
//!     .body("5.1,3.5,1.4,0.2")?
//!     .into_parts();
//! let signer = Signer {
//!     access_key_id: "AKIDEXAMPLE",
//!     secret: Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
//!     session_token: None,
//!     region: "us-east-1",
//!     service: "sagemaker",
//!     settings: &Settings::SERVICE,
//! };
//! signer.sign(&mut parts, body.as_bytes(), now)?;
//!
//! let mut verifier = Verifier::new(Settings::SERVICE);
//! let verified = verifier.verify(Request::from(&parts), Payload::Body(body.as_bytes()), now, |claim| {
//!     match &*claim.access_key_id {
//!         "AKIDEXAMPLE" => Ok(Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")),
//!         _ => Err(sigv4::Error::UnknownKey),
//!     }
//! })?;
//! assert_eq!(verified.claim.service, "sagemaker");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What is signed is described in AWS's reference, "Create a signed AWS API request". A signature
//! stands in the `Authorization` header or in the query ([`Signer::presign`]). The body is hashed
//! whole, declared and compared by the caller, unsigned, or sent in chunks that [`Chunks`] verifies
//! as they arrive; [`Content`] says which.

mod canonical;
mod chunks;
mod claim;
mod dates;
mod error;
mod headers;
mod keys;
mod payload;
mod presigned;
mod sign;
mod stack_list;
mod staging;
mod verify;

pub use chunks::{ChunkError, ChunkForm, ChunkWriter, Chunks};
pub use claim::{Claim, Place, Request};
pub use error::{Error, Missing, Skew};
pub use keys::Secret;
pub use payload::{Content, Payload};
pub use presigned::is_signature_parameter;
pub use sign::{SignError, Signer};
pub use verify::{Settings, Verified, Verifier};
