//! The contract suite, each test on a store in a directory of its own.

use gewu_store::{
    Store,
    contract::{Fixture, Table},
};
use gewu_store_sqlite::{FILE, Settings, SqliteStore};
use rusqlite::Connection;
use tempfile::TempDir;

struct Sqlite {
    store: SqliteStore,
    directory: TempDir,
}

impl Sqlite {
    fn connect(&self) -> Connection {
        Connection::open(self.directory.path().join(FILE)).unwrap()
    }
}

#[async_trait::async_trait]
impl Fixture for Sqlite {
    async fn new() -> Sqlite {
        let directory = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(directory.path(), Settings::default()).unwrap();
        Sqlite { store, directory }
    }

    fn store(&self) -> &dyn Store {
        &self.store
    }

    async fn tables(&self) -> Vec<Table> {
        let connection = self.connect();
        let column = |sql: &str, of: &str| -> Vec<String> {
            connection.prepare(sql).unwrap().query_map([of], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
        };
        // Shadow tables belong to the term index, whose tokens start with the region.
        let names = column("select name from pragma_table_list where type = ?1 and name not like 'sqlite_%'", "table");
        let keys_of = |table: &str| {
            let mut keys = vec![column("select name from pragma_table_info(?1) where pk > 0 order by pk", table)];
            for index in column("select name from pragma_index_list(?1) where \"unique\"", table) {
                keys.push(column("select name from pragma_index_info(?1) order by seqno", &index));
            }
            let ids = column("select distinct cast(id as text) from pragma_foreign_key_list(?1)", table);
            for id in ids {
                let sql = format!("select \"from\" from pragma_foreign_key_list(?1) where id = {id} order by seq");
                keys.push(column(&sql, table));
            }
            keys
        };
        names
            .iter()
            .map(|name| Table {
                name: name.clone(),
                columns: column("select name from pragma_table_info(?1) order by cid", name),
                keys: keys_of(name),
            })
            .collect()
    }

    async fn holds(&self, marker: &str) -> bool {
        std::fs::read_dir(self.directory.path()).unwrap().any(|file| {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            bytes.windows(marker.len()).any(|window| window == marker.as_bytes())
        })
    }

    async fn spoil_cases(&self) {
        self.connect().execute("update case_bodies set body = '{}'", []).unwrap();
    }

    async fn lose_cases(&self) {
        self.connect().execute("delete from case_bodies", []).unwrap();
    }
}

gewu_store::contract_suite!(Sqlite);
