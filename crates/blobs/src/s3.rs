//! Files in a bucket of an S3-compatible service: MinIO, Ceph, Alibaba OSS, Huawei OBS, Amazon S3.
//!
//! Signing, retries and TLS are `object_store`'s (docs/adr/0007-object-storage.md). Certificates are judged as the
//! operating system does, so the authority of a closed network is added there.

use crate::{BlobError, Blobs, digest_of, key, named_rightly, undamaged};
use async_trait::async_trait;
use gewu_domain::ids::Digest;
use jiff::Timestamp;
use object_store::{
    ClientOptions, Error, ObjectStoreExt, PutPayload, RetryConfig,
    aws::{AmazonS3, AmazonS3Builder},
    list::{PaginatedListOptions, PaginatedListStore},
    path::Path,
};
use serde::Deserialize;
use std::{fmt, time::Duration};

/// A bucket and how to reach it.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct S3Settings {
    /// The service without the bucket, e.g. `https://oss-cn-beijing.aliyuncs.com` or `http://10.0.0.5:9000`.
    pub endpoint: String,
    pub bucket: String,
    #[serde(default = "usual_region")]
    pub region: String,
    pub access_key_id: String,
    pub secret_access_key: String,
    /// The bucket stands in the path (MinIO, Ceph), not before the host (OSS, OBS).
    #[serde(default = "usual_style")]
    pub is_path_style: bool,
    /// Stands before every key, without slashes at its ends; empty for none.
    #[serde(default)]
    pub prefix: String,
}

fn usual_region() -> String {
    "us-east-1".to_owned()
}

fn usual_style() -> bool {
    true
}

impl fmt::Debug for S3Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "S3Settings({self})")
    }
}

/// The place, without the keys.
impl fmt::Display for S3Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bucket {} at {}", self.bucket, self.endpoint)
    }
}

impl S3Settings {
    /// What requests go to: the service, or the bucket as a host of it.
    fn base(&self) -> Result<String, BlobError> {
        let endpoint = self.endpoint.trim_end_matches('/');
        let (scheme, host) = endpoint
            .split_once("://")
            .filter(|(scheme, host)| matches!(*scheme, "http" | "https") && !host.is_empty() && !host.contains('/'))
            .ok_or_else(|| {
                BlobError::Settings(format!(
                    "endpoint {endpoint:?} must be like https://host or http://host:port, without the bucket"
                ))
            })?;
        Ok(if self.is_path_style { endpoint.to_owned() } else { format!("{scheme}://{}.{host}", self.bucket) })
    }
}

/// Content-addressed files in a bucket.
#[derive(Debug)]
pub struct S3Blobs {
    bucket: AmazonS3,
    settings: S3Settings,
}

impl S3Blobs {
    /// Reads the settings; connects to nothing yet.
    ///
    /// # Errors
    /// [`BlobError::Settings`] naming the setting that is missing or wrong.
    pub fn open(settings: S3Settings) -> Result<S3Blobs, BlobError> {
        let base = settings.base()?;
        for (name, value) in [
            ("bucket", &settings.bucket),
            ("region", &settings.region),
            ("access_key_id", &settings.access_key_id),
            ("secret_access_key", &settings.secret_access_key),
        ] {
            if value.trim().is_empty() {
                return Err(BlobError::Settings(format!("{name} is empty")));
            }
        }
        // Fails only when the program has chosen already, and then that choice is as good.
        rustls::crypto::ring::default_provider().install_default().ok();
        let bucket = AmazonS3Builder::new()
            .with_endpoint(base)
            .with_bucket_name(&settings.bucket)
            .with_region(&settings.region)
            .with_access_key_id(&settings.access_key_id)
            .with_secret_access_key(&settings.secret_access_key)
            .with_virtual_hosted_style_request(!settings.is_path_style)
            .with_disable_bulk_delete(true)
            .with_client_options(
                ClientOptions::new()
                    .with_allow_http(true)
                    .with_connect_timeout(Duration::from_secs(5))
                    .with_timeout(Duration::from_secs(30)),
            )
            .with_retry(RetryConfig {
                max_retries: 3,
                retry_timeout: Duration::from_secs(30),
                ..RetryConfig::default()
            })
            .build()
            .map_err(|error| BlobError::Settings(error.to_string()))?;
        Ok(S3Blobs { bucket, settings })
    }

    /// Asks the bucket for one name: whether it is there and opens to these keys. For the start of a server.
    ///
    /// # Errors
    /// [`BlobError::Unavailable`] with the answer of the service.
    pub async fn check(&self) -> Result<(), BlobError> {
        self.list(None, 1).await.map(|_| ())
    }

    fn key(&self, digest: Digest) -> String {
        self.below_prefix(&key(digest))
    }

    fn below_prefix(&self, key: &str) -> String {
        if self.settings.prefix.is_empty() { key.to_owned() } else { format!("{}/{key}", self.settings.prefix) }
    }

    fn failure(&self, what: &'static str, key: &str, source: Error) -> BlobError {
        BlobError::unavailable(what, format!("{key} in {}", self.settings), source)
    }
}

#[async_trait]
impl Blobs for S3Blobs {
    async fn put(&self, digest: Digest, bytes: Vec<u8>) -> Result<(), BlobError> {
        named_rightly(digest, &bytes)?;
        let key = self.key(digest);
        let put = self.bucket.put(&Path::from(key.as_str()), PutPayload::from(bytes)).await;
        put.map(|_| ()).map_err(|error| self.failure("write", &key, error))
    }

    async fn get(&self, digest: Digest) -> Result<Option<Vec<u8>>, BlobError> {
        let key = self.key(digest);
        let read = async { self.bucket.get(&Path::from(key.as_str())).await?.bytes().await };
        match read.await {
            Ok(bytes) => undamaged(digest, bytes.into(), format!("{key} in {}", self.settings)).map(Some),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(self.failure("read", &key, error)),
        }
    }

    async fn exists(&self, digest: Digest) -> Result<bool, BlobError> {
        let key = self.key(digest);
        match self.bucket.head(&Path::from(key.as_str())).await {
            Ok(_) => Ok(true),
            Err(error) if is_absent(&error) => Ok(false),
            Err(error) => Err(self.failure("look for", &key, error)),
        }
    }

    async fn delete(&self, digest: Digest) -> Result<(), BlobError> {
        let key = self.key(digest);
        match self.bucket.delete(&Path::from(key.as_str())).await {
            Err(error) if !is_absent(&error) => Err(self.failure("delete", &key, error)),
            _ => Ok(()),
        }
    }

    /// Buckets list their keys in the order of their bytes, which is that of the digests.
    async fn list_dated(&self, after: Option<Digest>, most: usize) -> Result<Vec<(Digest, Timestamp)>, BlobError> {
        let prefix = self.below_prefix("");
        let mut found = Vec::new();
        let mut offset = after.map(|after| self.key(after));
        let mut page_token = None;
        while found.len() < most {
            let options = PaginatedListOptions {
                offset: offset.take(),
                max_keys: Some((most - found.len()).min(1_000)),
                page_token: page_token.take(),
                ..PaginatedListOptions::default()
            };
            let prefix = Some(prefix.as_str()).filter(|prefix| !prefix.is_empty());
            let page = self
                .bucket
                .list_paginated(prefix, options)
                .await
                .map_err(|error| self.failure("list", "files", error))?;
            found.extend(page.result.objects.iter().filter_map(|object| {
                let at = Timestamp::from_millisecond(object.last_modified.timestamp_millis());
                Some((digest_of(object.location.as_ref())?, at.unwrap_or(Timestamp::MAX)))
            }));
            page_token = page.page_token;
            if page_token.is_none() {
                break;
            }
        }
        Ok(found)
    }
}

/// No such file; a bucket that is not there is a failure, though it answers 404 too.
fn is_absent(error: &Error) -> bool {
    matches!(error, Error::NotFound { source, .. } if !source.to_string().contains("NoSuchBucket"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> S3Settings {
        S3Settings {
            endpoint: "https://oss-cn-beijing.aliyuncs.com/".to_owned(),
            bucket: "photos".to_owned(),
            region: usual_region(),
            access_key_id: "id".to_owned(),
            secret_access_key: "hush".to_owned(),
            is_path_style: false,
            prefix: String::new(),
        }
    }

    #[test]
    fn the_bucket_stands_before_the_host_or_in_the_path() {
        assert_eq!(settings().base().unwrap(), "https://photos.oss-cn-beijing.aliyuncs.com");
        let path_style = S3Settings { is_path_style: true, ..settings() };
        assert_eq!(path_style.base().unwrap(), "https://oss-cn-beijing.aliyuncs.com");
    }

    #[test]
    fn a_wrong_setting_is_named() {
        for (wrong, name) in [
            (S3Settings { endpoint: "minio:9000".to_owned(), ..settings() }, "endpoint"),
            (S3Settings { endpoint: "http://minio:9000/photos".to_owned(), ..settings() }, "endpoint"),
            (S3Settings { secret_access_key: " ".to_owned(), ..settings() }, "secret_access_key"),
        ] {
            let message = S3Blobs::open(wrong).unwrap_err().to_string();
            assert!(message.contains(name), "{message}");
        }
    }

    #[test]
    fn keys_are_never_shown() {
        assert_eq!(format!("{:?}", settings()), "S3Settings(bucket photos at https://oss-cn-beijing.aliyuncs.com/)");
    }
}
