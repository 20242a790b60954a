//! A schema of its own for each test, in one database for each run.

use gewu_store::contract::Table;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::sync::OnceCell;
use tokio_postgres::{Client, Config, NoTls};

static NEXT: AtomicU32 = AtomicU32::new(1);
static DATABASE: OnceCell<String> = OnceCell::const_new();

/// Databases of runs that have ended go with the next run.
const PREFIX: &str = "gewu_test_";

pub struct Database {
    pub url: String,
    pub client: Client,
    /// Also the name under which the store's connections are known to the server.
    pub schema: String,
}

pub fn server() -> String {
    std::env::var("GEWU_TEST_POSTGRES").expect(
        "GEWU_TEST_POSTGRES names a throw-away PostgreSQL server: run `cargo xtask postgres cargo test -p gewu-store-postgres`",
    )
}

pub async fn connect(url: &str) -> Client {
    let (client, connection) = url.parse::<Config>().unwrap().connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// A URL that leads to another database of the same server, with these options.
fn url(database: &str, options: &str) -> String {
    let server = server();
    let (head, _) = server.rsplit_once('/').expect("the URL ends with a database");
    format!("{head}/{database}{options}")
}

async fn make_database() -> String {
    let client = connect(&server()).await;
    let old =
        client.query("select datname::text from pg_database where datname like 'gewu\\_test\\_%'", &[]).await.unwrap();
    for row in old {
        let name: String = row.get(0);
        let maker = name.trim_start_matches(PREFIX);
        if !std::path::Path::new("/proc").join(maker).exists() {
            client.batch_execute(&format!("drop database if exists {name} with (force)")).await.unwrap();
        }
    }
    let name = format!("{PREFIX}{}", std::process::id());
    client.batch_execute(&format!("create database {name}")).await.unwrap();
    name
}

impl Database {
    pub async fn make() -> Database {
        let database = DATABASE.get_or_init(make_database).await;
        let client = connect(&url(database, "")).await;
        let schema = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        client.batch_execute(&format!("create schema {schema}; set search_path = {schema}")).await.unwrap();
        let options = format!("?options=-csearch_path%3D{schema}%20-capplication_name%3D{schema}");
        Database { url: url(database, &options), client, schema }
    }

    pub async fn run(&self, sql: &str) {
        self.client.batch_execute(sql).await.unwrap();
    }

    pub async fn count(&self, sql: &str) -> i64 {
        self.client.query_one(sql, &[]).await.unwrap().get(0)
    }

    pub async fn tables(&self) -> Vec<Table> {
        let rows = self
            .client
            .query(
                "select c.oid, c.relname::text as name, array(
                     select a.attname::text from pg_attribute a
                     where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped order by a.attnum) as columns
                 from pg_class c where c.relnamespace = current_schema()::regnamespace and c.relkind = 'r'
                 order by c.relname",
                &[],
            )
            .await
            .unwrap();
        let mut tables = Vec::new();
        for row in rows {
            let oid: u32 = row.get("oid");
            let keys = self
                .client
                .query(
                    "select array(
                         select a.attname::text from unnest(key.columns) with ordinality as k (attnum, no)
                         join pg_attribute a on a.attrelid = $1 and a.attnum = k.attnum order by k.no) as columns
                     from (
                         select indkey::int2[] as columns from pg_index where indrelid = $1 and indisunique
                         union all
                         select conkey from pg_constraint where conrelid = $1 and contype = 'f') as key",
                    &[&oid],
                )
                .await
                .unwrap();
            tables.push(Table {
                name: row.get("name"),
                columns: row.get("columns"),
                keys: keys.iter().map(|key| key.get("columns")).collect(),
            });
        }
        tables
    }

    /// Looks at every row as text, at what the planner remembers, and at the bytes of every file.
    pub async fn holds(&self, marker: &str) -> bool {
        let mut found = false;
        self.run("checkpoint; set bytea_output = escape").await;
        for table in self.tables().await {
            let sql = format!("select count(*) from {} t where strpos(t::text, '{marker}') > 0", table.name);
            found |= self.count(&sql).await > 0;
        }
        let remembered = format!(
            "select count(*) from pg_stats s where s.schemaname = current_schema() and strpos(s::text, '{marker}') > 0"
        );
        found |= self.count(&remembered).await > 0;
        // Materialized, or the server reads files of other tests' tables, which may be gone by then.
        let in_files = format!(
            "with kept (oid) as materialized (
                 select c.oid from pg_class c where c.relnamespace = current_schema()::regnamespace
                 union select c.reltoastrelid from pg_class c where c.relnamespace = current_schema()::regnamespace
                 union select i.indexrelid from pg_class c join pg_index i on i.indrelid = c.reltoastrelid
                     where c.relnamespace = current_schema()::regnamespace)
             select count(*) from kept where pg_relation_filepath(kept.oid) is not null
                 and position('{marker}'::bytea in pg_read_binary_file(pg_relation_filepath(kept.oid))) > 0"
        );
        found | (self.count(&in_files).await > 0)
    }
}

/// Where the server listens.
pub fn port() -> u16 {
    server().parse::<Config>().unwrap().get_ports()[0]
}
