//! The root key on disk: `credentials` in the data directory, in the INI form that every AWS tool
//! reads. Whether a key given from outside goes before it is the caller's to decide.

use std::{
    fs::{self, File, OpenOptions, Permissions},
    io::{self, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use crate::AccessKey;

/// The file's name within the data directory.
pub const FILE_NAME: &str = "credentials";

/// The mode of the file: its owner reads and writes it, nobody else does anything.
const MODE: u32 = 0o600;
const ID: &str = "aws_access_key_id";
const SECRET: &str = "aws_secret_access_key";

/// The root key, and what had to be done to get it.
#[derive(Debug)]
pub struct Root {
    /// The key.
    pub key: AccessKey,
    /// Where it came from.
    pub origin: Origin,
}

/// Where the root key came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It was in the file.
    Loaded,
    /// It was in the file, and others than the owner could read or write the file until now.
    /// Worth a warning: they may have done so.
    LoadedAndLocked,
    /// There was no file; the key is new and on disk.
    Generated,
}

/// Why there is no root key.
#[derive(Debug, thiserror::Error)]
pub enum RootError {
    /// The file or its directory cannot be used.
    #[error("cannot {action} `{}`", path.display())]
    File {
        /// What was tried, such as `read`.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file is not what it should be.
    #[error(
        "`{}` holds no usable root key: {detail}; mend it, or delete it to have a new key made",
        path.display()
    )]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        detail: String,
    },
    /// The operating system gives no random bytes.
    #[error("the operating system gives no random bytes for a new key")]
    Randomness(#[source] getrandom::Error),
}

/// The root key of a data directory: loaded from its file, or made and written on first use.
/// The file is complete and durable before this returns, and closed to others either way.
pub fn load_or_generate(directory: &Path) -> Result<Root, RootError> {
    match load(directory)? {
        Some(root) => Ok(root),
        None => generate(directory),
    }
}

/// The root key of a data directory, if its file is there.
pub fn load(directory: &Path) -> Result<Option<Root>, RootError> {
    let path = directory.join(FILE_NAME);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("read", &path)(error)),
    };
    let key = parse(&text).map_err(|detail| RootError::Content { path: path.clone(), detail })?;
    let origin = if lock(&path)? { Origin::LoadedAndLocked } else { Origin::Loaded };
    Ok(Some(Root { key, origin }))
}

fn generate(directory: &Path) -> Result<Root, RootError> {
    let key = AccessKey::generate().map_err(RootError::Randomness)?;
    write(directory, &key)?;
    Ok(Root { key, origin: Origin::Generated })
}

/// Takes all rights from others; whether they had any.
fn lock(path: &Path) -> Result<bool, RootError> {
    let mode = fs::metadata(path).map_err(failed("read", path))?.permissions().mode();
    let open = mode & 0o077 != 0;
    if open {
        fs::set_permissions(path, Permissions::from_mode(MODE))
            .map_err(failed("take the rights of others from", path))?;
    }
    Ok(open)
}

/// Written beside, synced and renamed: after a crash there is a whole file or none.
fn write(directory: &Path, key: &AccessKey) -> Result<(), RootError> {
    fs::create_dir_all(directory).map_err(failed("create", directory))?;
    let beside = directory.join(format!("{FILE_NAME}.tmp"));
    write_synced(&beside, &format_ini(key)).map_err(failed("write", &beside))?;
    let path = directory.join(FILE_NAME);
    fs::rename(&beside, &path).map_err(failed("write", &path))?;
    let sync = |directory: File| directory.sync_all();
    File::open(directory).and_then(sync).map_err(failed("sync", directory))
}

fn write_synced(path: &Path, text: &str) -> io::Result<()> {
    // What a crash left behind may have another mode; a file that exists keeps its own.
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(MODE).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn format_ini(key: &AccessKey) -> String {
    format!("[default]\n{ID} = {}\n{SECRET} = {}\n", key.id, key.secret.expose())
}

/// Reads the `default` profile of an AWS shared-credentials file.
fn parse(text: &str) -> Result<AccessKey, String> {
    let (mut id, mut secret, mut in_default) = (None, None, false);
    for line in text.lines().map(str::trim) {
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(profile) = line.strip_prefix('[') {
            in_default = profile.trim_end_matches(']').trim() == "default";
        } else if let Some((name, value)) = line.split_once('=').filter(|_| in_default) {
            match name.trim() {
                ID => id = Some(value.trim()),
                SECRET => secret = Some(value.trim()),
                _ => {}
            }
        }
    }
    let missing = |name: &str| format!("`{name}` is missing under `[default]`");
    AccessKey::new(id.ok_or_else(|| missing(ID))?, secret.ok_or_else(|| missing(SECRET))?)
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> RootError {
    let path = path.to_owned();
    move |source| RootError::File { action, path, source }
}
