//! TLS for both listeners: a certificate from files, or one made here and kept in the data
//! directory, so that clients which were told to trust it can go on doing so.

use std::{
    fs,
    io::Write,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    },
};

/// The certificate made by `--tls-self-signed`, below the data directory.
pub(crate) const CERTIFICATE: &str = "tls-cert.pem";
const KEY: &str = "tls-key.pem";

/// What certificate the listeners show, if any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TlsChoice {
    /// None: plain text.
    Plain,
    /// The chain in one PEM file, the key in another.
    Files {
        /// The server's certificate first.
        certificate: PathBuf,
        /// PKCS #8, PKCS #1 or SEC 1.
        key: PathBuf,
    },
    /// One of our own making.
    SelfSigned,
}

/// A certificate, ready to be shown.
#[derive(Clone)]
pub(crate) struct Tls {
    /// Makes a TLS connection of a plain one.
    pub(crate) acceptor: TlsAcceptor,
    /// SHA-256 of the server's certificate, in pairs of hex digits.
    pub(crate) fingerprint: String,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").field("fingerprint", &self.fingerprint).finish_non_exhaustive()
    }
}

/// Loads the chosen certificate; of our own making, makes it first if need be.
pub(crate) fn open(
    choice: &TlsChoice,
    data_dir: &Path,
    addresses: &[SocketAddr],
) -> anyhow::Result<Option<Tls>> {
    match choice {
        TlsChoice::Plain => Ok(None),
        TlsChoice::Files { certificate, key } => load(certificate, key).map(Some),
        TlsChoice::SelfSigned => {
            let (certificate, key) = (data_dir.join(CERTIFICATE), data_dir.join(KEY));
            if !(certificate.exists() && key.exists()) {
                make(&certificate, &key, addresses)?;
            }
            load(&certificate, &key).map(Some)
        }
    }
}

fn load(certificate: &Path, key: &Path) -> anyhow::Result<Tls> {
    let named = |path: &Path| format!("`{}` is not usable", path.display());
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .with_context(|| named(certificate))?;
    let first = chain.first().with_context(|| format!("{}: no certificate", named(certificate)))?;
    let fingerprint = fingerprint(first);
    let key_der = PrivateKeyDer::from_pem_file(key).with_context(|| named(key))?;
    // The provider is named here: where two are linked, rustls refuses to choose.
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key_der)
        .with_context(|| {
            format!("`{}` does not go with `{}`", key.display(), certificate.display())
        })?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Tls { acceptor: TlsAcceptor::from(Arc::new(config)), fingerprint })
}

/// Makes a certificate for this machine's names. The key is readable by the owner alone.
fn make(certificate: &Path, key: &Path, addresses: &[SocketAddr]) -> anyhow::Result<()> {
    let mut params = CertificateParams::new(names(addresses))?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "clary");
    let pair = KeyPair::generate()?;
    let signed = params.self_signed(&pair)?;
    write(key, &pair.serialize_pem())?;
    write(certificate, &signed.pem())
}

/// Loopback names, the addresses that are listened on, and the host's own name.
fn names(addresses: &[SocketAddr]) -> Vec<String> {
    let mut names: Vec<String> = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).to_vec();
    let listened = addresses.iter().map(SocketAddr::ip).filter(|ip| !ip.is_unspecified());
    names.extend(listened.map(|ip| ip.to_string()));
    names.push(rustix::system::uname().nodename().to_string_lossy().into_owned());
    names.retain(|name| !name.is_empty());
    names.sort();
    names.dedup();
    names
}

/// Temporary files are made with mode 0600, and keep it when they are renamed.
fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let directory = path.parent().context("the file has no directory")?;
    let mut file = NamedTempFile::new_in(directory)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path).with_context(|| format!("`{}` can't be written", path.display()))?;
    Ok(())
}

fn fingerprint(certificate: &CertificateDer<'_>) -> String {
    let digest = Sha256::digest(certificate);
    let pairs: Vec<String> = digest.iter().map(|byte| format!("{byte:02X}")).collect();
    pairs.join(":")
}

/// The certificates that a client should trust besides the well-known ones.
pub(crate) fn read_certificates(path: &Path) -> anyhow::Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("certificates `{}` can't be read", path.display()))
}
