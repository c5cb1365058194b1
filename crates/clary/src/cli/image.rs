//! Which of SageMaker's images a model on disk is for, told by the files in it. Whether the server
//! serves the image, and reads the model, is its business.

use std::{fs::File, io, path::Path};

use flate2::read::GzDecoder;

/// AWS's images in us-east-1; the server opens the models with its own engines.
pub(super) const XGBOOST: &str =
    "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1";
pub(super) const OBJECT2VEC: &str = "382416733822.dkr.ecr.us-east-1.amazonaws.com/object2vec:1";

/// Files at the top level of an artifact that only one image takes.
const SIGNS: [(&str, &str); 1] = [("object2vec.json", OBJECT2VEC)];

/// The image for a model file, a folder or an archive: that of its sign, else XGBoost's. What can't be
/// read is complained of where it is packed.
pub(super) fn of_model(path: &Path) -> &'static str {
    let signed = SIGNS.iter().find(|(sign, _)| {
        if path.is_dir() { path.join(sign).is_file() } else { archive_holds(path, sign) }
    });
    signed.map_or(XGBOOST, |(_, image)| image)
}

fn archive_holds(path: &Path, name: &str) -> bool {
    let look = || -> io::Result<bool> {
        let mut archive = tar::Archive::new(GzDecoder::new(File::open(path)?));
        for entry in archive.entries()? {
            if entry?.path()?.components().as_path() == Path::new(name) {
                return Ok(true);
            }
        }
        Ok(false)
    };
    look().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::archive::Archive;

    #[test]
    fn a_model_tells_its_image() {
        let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
        let movies = examples.join("movie-ratings/model");
        assert_eq!(of_model(&movies), OBJECT2VEC);
        assert_eq!(of_model(&examples.join("covtype/model")), XGBOOST);
        assert_eq!(of_model(&examples.join("covtype/model/xgboost-model")), XGBOOST);
        assert_eq!(of_model(&examples.join("not-there")), XGBOOST);
        let mut packed = tempfile::NamedTempFile::new().expect("a file");
        let archive = Archive::pack(&movies).and_then(Archive::into_upload).expect("an archive");
        std::io::copy(&mut &archive.file, &mut packed).expect("written");
        assert_eq!(of_model(packed.path()), OBJECT2VEC);
    }
}
