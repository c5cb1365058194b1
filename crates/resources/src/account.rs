//! The account and region that everything belongs to, and the ARNs they give.

use std::fmt;

/// One AWS account in one region: a clary server is exactly one of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    id: String,
    region: String,
}

impl Account {
    /// Checks the form: twelve digits, and a region name such as `us-east-1`.
    pub fn new(id: &str, region: &str) -> Result<Self, String> {
        if id.len() != 12 || !id.bytes().all(|b| b.is_ascii_digit()) {
            return Err(format!("`{id}` is not an account id; give twelve digits"));
        }
        let named =
            region.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if region.is_empty() || !named {
            return Err(format!("`{region}` is not a region name; give one such as `us-east-1`"));
        }
        Ok(Self { id: id.to_owned(), region: region.to_owned() })
    }

    /// The twelve digits.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The region's name.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// `arn:aws:{service}:{region}:{account}:{resource}`.
    pub fn arn(&self, service: &str, resource: impl fmt::Display) -> String {
        format!("arn:aws:{service}:{}:{}:{resource}", self.region, self.id)
    }

    /// A SageMaker ARN; SageMaker lower-cases the name part.
    pub fn sagemaker_arn(&self, kind: &str, name: &str) -> String {
        self.arn("sagemaker", format_args!("{kind}/{}", name.to_ascii_lowercase()))
    }
}
