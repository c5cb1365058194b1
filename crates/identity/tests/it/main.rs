//! Keys from outside: their forms, their file, their look-up, and that no secret is printed.

use std::{
    collections::BTreeSet,
    fs::{self, File, Permissions},
    io::Write,
    os::unix::fs::PermissionsExt,
    path::Path,
};

use identity::{
    AccessKey, KeyRecord, Keys,
    root::{self, Origin},
};
use resources::Account;
use tempfile::TempDir;

fn directory() -> TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("the file exists").permissions().mode() & 0o777
}

fn put(directory: &TempDir, text: &str, mode: u32) {
    let path = directory.path().join(root::FILE_NAME);
    let mut file = File::create(&path).expect("the file can be made");
    file.write_all(text.as_bytes()).expect("the file can be written");
    fs::set_permissions(&path, Permissions::from_mode(mode)).expect("the mode can be set");
}

#[test]
fn generated_keys_have_the_form_of_aws() {
    let mut ids = BTreeSet::new();
    for _ in 0..50 {
        let key = AccessKey::generate().expect("random bytes");
        let tail = key.id.strip_prefix("AKIA").expect("the prefix");
        assert_eq!(tail.len(), 16);
        assert!(tail.bytes().all(|b| matches!(b, b'A'..=b'Z' | b'2'..=b'7')), "{tail}");
        assert_eq!(key.secret.expose().len(), 40);
        AccessKey::new(&key.id, key.secret.expose()).expect("our own form is accepted");
        ids.insert(key.id);
    }
    assert_eq!(ids.len(), 50);
}

#[test]
fn the_first_start_makes_a_key_and_later_ones_load_it() {
    let parent = directory();
    let data = parent.path().join("made/on/demand");
    assert!(root::load(&data).expect("nothing there is no error").is_none());
    let first = root::load_or_generate(&data).expect("a key can be made");
    assert_eq!(first.origin, Origin::Generated);
    assert_eq!(mode(&data.join(root::FILE_NAME)), 0o600);
    let second = root::load_or_generate(&data).expect("the key can be loaded");
    assert_eq!((second.origin, second.key), (Origin::Loaded, first.key));
    assert_eq!(fs::read_dir(&data).expect("it exists").count(), 1, "a temporary file was left");
}

#[test]
fn what_a_crash_left_behind_does_not_matter() {
    let data = directory();
    let beside = data.path().join("credentials.tmp");
    File::create(&beside).expect("the file can be made");
    fs::set_permissions(&beside, Permissions::from_mode(0o666)).expect("the mode can be set");
    root::load_or_generate(data.path()).expect("a key can be made");
    assert_eq!(mode(&data.path().join(root::FILE_NAME)), 0o600);
}

#[test]
fn a_file_open_to_others_is_locked_and_reported() {
    for open in [0o644, 0o660, 0o602] {
        let data = directory();
        put(&data, "[default]\naws_access_key_id=AKIDEXAMPLE\naws_secret_access_key=s\n", open);
        let root = root::load_or_generate(data.path()).expect("it loads");
        assert_eq!(root.origin, Origin::LoadedAndLocked, "{open:o}");
        assert_eq!(mode(&data.path().join(root::FILE_NAME)), 0o600);
    }
}

#[test]
fn the_default_profile_counts() {
    let text = "# ours\n[other]\naws_access_key_id = OTHER\n\n[default]\nregion = x\n\
                aws_access_key_id = AKIDEXAMPLE\n  aws_secret_access_key=a=b/c+d  \n[more]\n\
                aws_secret_access_key = no\n";
    let data = directory();
    put(&data, text, 0o600);
    let key = root::load_or_generate(data.path()).expect("it loads").key;
    assert_eq!((&*key.id, key.secret.expose()), ("AKIDEXAMPLE", "a=b/c+d"));
}

#[test]
fn a_broken_file_is_named_and_never_replaced() {
    for (text, words) in [
        ("", "`aws_access_key_id` is missing"),
        ("aws_access_key_id = AKIDEXAMPLE\n", "`aws_access_key_id` is missing"),
        ("[default]\naws_access_key_id = AKIDEXAMPLE\n", "`aws_secret_access_key` is missing"),
        ("[default]\naws_access_key_id = A B\naws_secret_access_key = s\n", "`A B` is not"),
        ("[default]\naws_access_key_id = AKID\naws_secret_access_key =\n", "secret of access key"),
    ] {
        let data = directory();
        put(&data, text, 0o600);
        let message = root::load_or_generate(data.path()).expect_err(text).to_string();
        assert!(message.contains(words) && message.contains("delete it"), "{message}");
        let kept = fs::read_to_string(data.path().join(root::FILE_NAME));
        assert_eq!(kept.expect("it is still there"), text);
    }
}

#[test]
fn the_root_key_belongs_to_the_account() {
    let account = Account::new("123456789012", "us-east-1").expect("an account");
    let key = AccessKey::new("AKIDEXAMPLE", "secret").expect("a key");
    let keys = Keys::new([KeyRecord::root(&account, key)]);
    let record = keys.lookup("AKIDEXAMPLE").expect("it is known");
    assert_eq!(record.principal, "arn:aws:iam::123456789012:root");
    assert_eq!(record.secret.expose(), "secret");
    assert_eq!(keys.lookup("akidexample"), None);
    let before = keys.snapshot();
    keys.replace([]);
    assert_eq!(keys.lookup("AKIDEXAMPLE"), None);
    assert_eq!(before.lookup("AKIDEXAMPLE"), Some(&*record), "a request sees one moment");
}

#[test]
fn no_secret_is_printed() {
    let account = Account::new("123456789012", "us-east-1").expect("an account");
    let key = AccessKey::new("AKIDEXAMPLE", "hunter2").expect("a key");
    let keys = Keys::new([KeyRecord::root(&account, key.clone())]);
    let data = directory();
    put(&data, "[default]\naws_access_key_id=AKID\naws_secret_access_key=hunter2\n", 0o600);
    let root = root::load(data.path()).expect("it loads");
    for printed in [format!("{key:?}"), format!("{keys:?}"), format!("{root:#?}")] {
        assert!(!printed.contains("hunter2") && printed.contains("redacted"), "{printed}");
    }
    let refused = AccessKey::new("AKID", "hunter2 \u{e9}").expect_err("not ASCII");
    assert!(!refused.contains("hunter2"), "{refused}");
}
