//! Encrypted connections: to a server whose certificate an authority we trust has signed for its name, or none.
//!
//! `sslmode=require` means here what libpq calls `verify-full`, and both may be written: encryption that anybody can
//! stand in the middle of protects nothing. The authorities are those of the file that `sslrootcert` names, or else
//! those of this machine, or of `SSL_CERT_FILE`. Start at [`Wish::of`].

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};
use std::{error::Error, io, path::PathBuf, sync::Arc};
use tokio_postgres_rustls::MakeRustlsConnect;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Unencrypted {
    #[error("{path}, which sslrootcert of the database URL names, does not read as certificates in PEM")]
    Unreadable { path: PathBuf, source: rustls::pki_types::pem::Error },
    #[error("{path}, which sslrootcert of the database URL names, holds no certificate of an authority")]
    Empty { path: PathBuf },
    #[error(
        "no certificate of an authority was found to check the database's against: name a file of them by sslrootcert \
         in the database URL, or in SSL_CERT_FILE"
    )]
    NoAuthorities,
    #[error("encryption cannot be set up")]
    Failed(#[from] rustls::Error),
}

/// The server may be another one.
#[derive(Debug, thiserror::Error)]
#[error(
    "the database server's certificate is not to be trusted ({why}): name the authority that signed it by sslrootcert in \
     the database URL, and the server as its certificate does"
)]
pub(crate) struct Untrusted {
    why: rustls::Error,
    source: tokio_postgres::Error,
}

impl Untrusted {
    /// Gives the error back when it is about something else.
    pub fn of(error: tokio_postgres::Error) -> Result<Untrusted, tokio_postgres::Error> {
        match why(&error) {
            Some(why @ rustls::Error::InvalidCertificate(_)) => Ok(Untrusted { why: why.clone(), source: error }),
            _ => Err(error),
        }
    }
}

/// What rustls said, which travels as an error of input and output.
fn why(error: &tokio_postgres::Error) -> Option<&rustls::Error> {
    error.source()?.downcast_ref::<io::Error>()?.get_ref()?.downcast_ref()
}

/// What a database URL says about encryption that the driver does not understand.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    /// The URL without it.
    pub url: String,
    /// A file of authorities: whoever names one wants encryption.
    pub authorities: Option<PathBuf>,
}

impl Wish {
    pub fn of(url: &str) -> Wish {
        let Some((place, query)) = url.split_once('?') else {
            return Wish { url: url.to_owned(), authorities: None };
        };
        let mut authorities = None;
        let mut rest = Vec::new();
        for pair in query.split('&') {
            match pair.split_once('=') {
                Some(("sslrootcert", file)) => {
                    // In a URL's query, as libpq reads it, a plus is a plus.
                    let file = file.replace('+', "%2B");
                    authorities = form_urlencoded::parse(file.as_bytes()).next().map(|(file, _)| file.as_ref().into());
                }
                Some(("sslmode", "verify-full")) => rest.push("sslmode=require"),
                _ => rest.push(pair),
            }
        }
        Wish { url: format!("{place}?{}", rest.join("&")), authorities }
    }

    pub fn connector(&self) -> Result<MakeRustlsConnect, Unencrypted> {
        let mut authorities = RootCertStore::empty();
        match &self.authorities {
            Some(path) => {
                let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
                let found = read.map_err(|source| Unencrypted::Unreadable { path: path.clone(), source })?;
                authorities.add_parsable_certificates(found);
                if authorities.is_empty() {
                    return Err(Unencrypted::Empty { path: path.clone() });
                }
            }
            None => {
                authorities.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
                if authorities.is_empty() {
                    return Err(Unencrypted::NoAuthorities);
                }
            }
        }
        let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(authorities)
            .with_no_client_auth();
        Ok(MakeRustlsConnect::new(config))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_keeps_what_the_driver_understands() {
        for (url, rest, file) in [
            ("postgres://a@b/c", "postgres://a@b/c", None),
            ("postgres://a@b/c?sslmode=prefer", "postgres://a@b/c?sslmode=prefer", None),
            ("postgres://a@b/c?sslmode=verify-full", "postgres://a@b/c?sslmode=require", None),
            (
                "postgres://a@b/c?options=-cx%3Dy&sslrootcert=/a%20b/c+d.pem&sslmode=verify-full",
                "postgres://a@b/c?options=-cx%3Dy&sslmode=require",
                Some("/a b/c+d.pem"),
            ),
        ] {
            assert_eq!(Wish::of(url), Wish { url: rest.to_owned(), authorities: file.map(PathBuf::from) });
        }
    }
}
