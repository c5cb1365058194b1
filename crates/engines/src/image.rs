//! Registry paths: which of SageMaker's images one names.
//!
//! Owns nothing but the reading of the path; what an image does is its engine's business.

/// Whether `image` is SageMaker's XGBoost: in any registry, account and region, with any tag.
///
/// AWS has called the repository `xgboost` (algorithm releases 1 and `latest`) and
/// `sagemaker-xgboost` (0.90 and later).
pub(crate) fn is_xgboost(image: &str) -> bool {
    let name = repository_name(image);
    name == "xgboost" || name.contains("sagemaker-xgboost")
}

/// Whether `image` is SageMaker's Object2Vec: in any registry, account and region, with any tag.
pub(crate) fn is_object2vec(image: &str) -> bool {
    repository_name(image) == "object2vec"
}

/// The last part of the repository, without tag and digest.
fn repository_name(image: &str) -> &str {
    let without_digest = image.split('@').next().unwrap_or_default();
    let last = without_digest.rsplit('/').next().unwrap_or_default();
    last.split(':').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xgboost_is_known_by_its_repository() {
        for (image, expect) in [
            ("683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1", true),
            ("433757028032.dkr.ecr.us-west-2.amazonaws.com/xgboost:1", true),
            ("xgboost", true),
            ("localhost:5000/mirror/sagemaker-xgboost", true),
            ("localhost:5000/sagemaker-xgboost@sha256:00ff", true),
            ("registry/sagemaker-xgboost-neo:latest", true),
            ("683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1", false),
            ("sagemaker-xgboost.example.com/other:1", false),
            ("registry/other:sagemaker-xgboost", false),
            ("registry/my-xgboost-server:1", false),
            ("", false),
        ] {
            assert_eq!(is_xgboost(image), expect, "{image}");
        }
    }

    #[test]
    fn object2vec_is_known_by_its_repository() {
        for (image, expect) in [
            ("382416733822.dkr.ecr.us-east-1.amazonaws.com/object2vec:1", true),
            ("object2vec", true),
            ("registry/my-object2vec:1", false),
            ("object2vec/other:1", false),
        ] {
            assert_eq!(is_object2vec(image), expect, "{image}");
        }
    }
}
