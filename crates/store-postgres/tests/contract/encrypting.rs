//! Encrypted connections: to the server that is meant, and to no other.
//!
//! The throw-away server is given a certificate and told to use it; who does not ask for encryption does not notice.

use crate::database::{Database, connect, port, server};
use gewu_store::{
    Changes, Store, StoreError,
    contract::sample::{HERE, at, change, new_case},
};
use gewu_store_postgres::{PostgresStore, Settings};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use std::error::Error;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::OnceCell,
};

/// What the server's certificate says it is called.
const NAME: &str = "record.gewu.test";
static AUTHORITIES: OnceCell<Authorities> = OnceCell::const_new();

struct Authorities {
    folder: TempDir,
}

impl Authorities {
    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }
}

fn authority(name: &str) -> (String, Issuer<'static, KeyPair>) {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    (params.self_signed(&key).unwrap().pem(), Issuer::new(params, key))
}

/// Two authorities, the first of which has signed the server's certificate; the server then encrypts for who asks.
async fn authorities() -> &'static Authorities {
    AUTHORITIES
        .get_or_init(|| async {
            let folder = tempfile::tempdir().unwrap();
            let (ours, issuer) = authority("ours");
            let (theirs, _) = authority("theirs");
            std::fs::write(folder.path().join("ours.pem"), ours).unwrap();
            std::fs::write(folder.path().join("theirs.pem"), theirs).unwrap();
            std::fs::write(folder.path().join("empty.pem"), "").unwrap();
            let key = KeyPair::generate().unwrap();
            let certificate =
                CertificateParams::new([NAME.to_owned()]).unwrap().signed_by(&key, &issuer).unwrap().pem();
            let client = connect(&server()).await;
            // By the server's own hand, so that the key is its own and nobody else's to read.
            for (file, text) in [("server.crt", certificate), ("server.key", key.serialize_pem())] {
                let lines = text.trim().replace('\n', "'), ('");
                let sql = format!("copy (values ('{lines}')) to program 'umask 077; cat > {file}'");
                client.batch_execute(&sql).await.unwrap();
            }
            client.batch_execute("alter system set ssl = on").await.unwrap();
            client.batch_execute("select pg_reload_conf()").await.unwrap();
            // It is told, and does it a little later.
            for _ in 0..10_000 {
                let is_on: String = connect(&server()).await.query_one("show ssl", &[]).await.unwrap().get(0);
                if is_on == "on" {
                    return Authorities { folder };
                }
            }
            panic!("the server did not take its certificate: see its log");
        })
        .await
}

/// The same database, by the name `host` and with these further options.
fn url(database: &Database, host: &str, options: &str) -> String {
    let (_, rest) = database.url.split_once('@').unwrap();
    let (_, rest) = rest.split_once('/').unwrap();
    format!("postgres://postgres@{host}:{}/{rest}&hostaddr=127.0.0.1&{options}", port())
}

async fn refusal(url: &str) -> String {
    match PostgresStore::open(url, Settings::default()).await.err() {
        Some(StoreError::Failed(error)) => {
            let mut chain = error.to_string();
            let mut source: Option<&dyn Error> = error.source();
            while let Some(error) = source {
                chain = format!("{chain}: {error}");
                source = error.source();
            }
            chain
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_certified_by_the_named_authority_is_spoken_to_in_cipher_only() {
    let authorities = authorities().await;
    for mode in ["sslmode=verify-full&", "sslmode=require&", ""] {
        let database = Database::make().await;
        let url = url(&database, NAME, &format!("{mode}sslrootcert={}", authorities.file("ours.pem")));
        let store = PostgresStore::open(&url, Settings::default()).await.unwrap();
        store.apply(HERE, Changes::one(change(&new_case(HERE, 1, at(0))))).await.unwrap();
        assert!(store.view(HERE).await.unwrap().case(new_case(HERE, 1, at(0)).case.id).await.unwrap().is_some());
        let sql = "select count(*) filter (where ssl), count(*) filter (where not ssl)
                   from pg_stat_activity join pg_stat_ssl using (pid) where application_name = $1";
        let row = database.client.query_one(sql, &[&database.schema]).await.unwrap();
        let (ciphered, clear): (i64, i64) = (row.get(0), row.get(1));
        assert!(ciphered >= 2 && clear == 0, "{ciphered} connections in cipher, {clear} in the clear");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_certified_by_another_authority_is_refused() {
    let authorities = authorities().await;
    let database = Database::make().await;
    for mode in ["verify-full", "require"] {
        let options = format!("sslmode={mode}&sslrootcert={}", authorities.file("theirs.pem"));
        let said = refusal(&url(&database, NAME, &options)).await;
        assert!(said.contains("not to be trusted") && said.contains("sslrootcert"), "{said}");
    }
    // Nor by any authority of this machine.
    let said = refusal(&url(&database, NAME, "sslmode=require")).await;
    assert!(said.contains("sslrootcert"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_certified_under_another_name_is_refused() {
    let authorities = authorities().await;
    let database = Database::make().await;
    // Who names an authority wants encryption, also where the clear is good enough for others.
    for (host, mode) in [("another.gewu.test", "sslmode=verify-full&"), ("localhost", "")] {
        let options = format!("{mode}sslrootcert={}", authorities.file("ours.pem"));
        let said = refusal(&url(&database, host, &options)).await;
        assert!(said.contains(host) && said.contains("not to be trusted"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_without_an_authority_is_named() {
    let authorities = authorities().await;
    let database = Database::make().await;
    for file in ["empty.pem", "missing.pem"] {
        let file = authorities.file(file);
        let said = refusal(&url(&database, NAME, &format!("sslrootcert={file}"))).await;
        assert!(said.contains(&file), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_does_not_encrypt_is_not_spoken_to_when_encryption_is_required() {
    let authorities = authorities().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = tokio::spawn(async move {
        let (mut line, _) = listener.accept().await.unwrap();
        let mut asked = [0; 8];
        line.read_exact(&mut asked).await.unwrap();
        line.write_all(b"N").await.unwrap();
        let mut rest = Vec::new();
        line.read_to_end(&mut rest).await.unwrap();
        rest
    });
    let file = authorities.file("ours.pem");
    let said = refusal(&format!("postgres://u:secret@127.0.0.1:{port}/d?sslmode=require&sslrootcert={file}")).await;
    assert!(said.contains("does not support TLS"), "{said}");
    assert_eq!(server.await.unwrap(), b"", "something was said in the clear");
}
