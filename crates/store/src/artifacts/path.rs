//! Paths of tar entries and of objects: parsed into components that cannot leave the artifact.

use std::path::PathBuf;

use super::Limits;

/// The longest name that file systems take.
const COMPONENT_BYTES_MAX: usize = 255;

/// Reads an entry's path; empty for the root itself. The error is the rule that the path breaks.
pub(super) fn parse(bytes: &[u8], limits: &Limits) -> Result<PathBuf, String> {
    if bytes.is_empty() {
        return Err("its name is empty".to_owned());
    }
    if bytes.len() > limits.path_bytes_max {
        return Err(format!("its path is longer than {} bytes", limits.path_bytes_max));
    }
    let path = str::from_utf8(bytes).map_err(|_| "its name is not UTF-8".to_owned())?;
    if path.starts_with('/') {
        return Err("its path is absolute; pack with paths relative to the model".to_owned());
    }
    if path.contains('\0') {
        return Err("its name holds a zero byte".to_owned());
    }
    let components: Vec<&str> =
        path.split('/').filter(|component| !matches!(*component, "" | ".")).collect();
    if components.contains(&"..") {
        return Err("its path holds `..`; pack with paths relative to the model".to_owned());
    }
    if components.len() > limits.depth_max {
        return Err(format!("it lies deeper than {} directories", limits.depth_max));
    }
    if components.iter().any(|component| component.len() > COMPONENT_BYTES_MAX) {
        return Err(format!("a part of its path is longer than {COMPONENT_BYTES_MAX} bytes"));
    }
    Ok(components.iter().collect())
}

/// Reads what is left of an object's key as a path. Unlike a tar entry's, no two keys are the same
/// path, so nothing is passed over. The error is the rule that the key breaks.
pub(super) fn of_key(rest: &str) -> Result<PathBuf, String> {
    let components: Vec<&str> = rest.split('/').collect();
    for component in &components {
        match *component {
            "" => return Err("a part of its name is empty".to_owned()),
            "." | ".." => return Err(format!("a part of its name is `{component}`")),
            part if part.trim().is_empty() => {
                return Err("a part of its name is blank".to_owned());
            }
            part if part.contains('\0') => return Err("its name holds a zero byte".to_owned()),
            part if part.len() > COMPONENT_BYTES_MAX => {
                return Err(format!(
                    "a part of its name is longer than {COMPONENT_BYTES_MAX} bytes"
                ));
            }
            _ => {}
        }
    }
    Ok(components.iter().collect())
}

/// Whether a path is neither too long nor too deep. The error is the rule that it breaks.
pub(super) fn check_bounds(path: &str, limits: &Limits) -> Result<(), String> {
    if path.len() > limits.path_bytes_max {
        return Err(format!("its path is longer than {} bytes", limits.path_bytes_max));
    }
    if path.split('/').count() > limits.depth_max {
        return Err(format!("it lies deeper than {} directories", limits.depth_max));
    }
    Ok(())
}
