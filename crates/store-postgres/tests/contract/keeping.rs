//! The schema, the statements, damaged rows and copies.

use crate::{Usual, database::Database};
use gewu_domain::{ids::UnitCode, people::Role};
use gewu_store::{
    Change, Changes, Page, StoreError,
    audit::AuditFilter,
    contract::{
        Fixture,
        people::{account, audit, client, open, person_row, post_row, session},
        publications::publication,
        sample::{HERE, answer, at, change, contact, day, digest, look, new_case, person, photo, text},
    },
    roots::RootRow,
    tasks::InboxFilter,
    texts::Giver,
};
use gewu_store_postgres::{PostgresStore, Settings, statements};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_statement_is_understood_by_the_database() {
    let fixture = Usual::new().await;
    for (sql, types) in statements() {
        let prepared = fixture.database.client.prepare_typed(sql, &types).await;
        assert!(prepared.is_ok(), "{sql}: {prepared:?}");
        let is_shouted = |word: &str| word.len() > 1 && word.chars().all(|char| char.is_ascii_uppercase());
        let outside_quotes: String = sql.split('\'').step_by(2).collect();
        assert!(!outside_quotes.split_whitespace().any(is_shouted), "{sql}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_programs_may_start_at_once_on_an_empty_database() {
    let database = Database::make().await;
    let open = || PostgresStore::open(&database.url, Settings { readers: 1, ..Settings::default() });
    let (a, b, c, d) = tokio::join!(open(), open(), open(), open());
    for store in [a, b, c, d] {
        store.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schema_made_by_a_newer_program_is_refused() {
    let fixture = Usual::new().await;
    fixture.database.run("insert into migrations (number, name) values (9999, 'of tomorrow')").await;
    let opened = PostgresStore::open(&fixture.database.url, Settings::default()).await;
    let Some(StoreError::Failed(error)) = opened.err() else { panic!("it was opened") };
    assert!(error.to_string().contains("9999"), "{error}");
}

/// Something in every table.
async fn fill(fixture: &Usual) {
    let mut write = new_case(HERE, 1, at(0));
    let id = write.case.id;
    let words = text(id, 1, "words", Giver::Reporter, at(0));
    write.case.text = Some(words.digest);
    let list = vec![
        change(&write),
        Change::Text(words),
        Change::Contact(contact(id, "phone", b"x", 1, at(9))),
        Change::Look(look(id, 1, at(1))),
        Change::Attachment(photo(id, 1, Giver::Reporter, at(0))),
        Change::Publication(publication("areas", "", 1, b"body")),
        Change::Person(person_row(1, "a")),
        Change::Post(post_row(1, 1, "a", 0, None)),
        Change::OpenAccount(account(1, "li")),
        open(session(1, 1, 0)),
        Change::Client(client(1)),
        Change::Audit(audit(1, Some(1))),
    ];
    let store = fixture.store();
    store.apply(HERE, Changes { answer: Some(answer("key", "{}", at(0))), list }).await.unwrap();
    store.upkeep().put_root(HERE, RootRow { day: day(1), root: digest(1), facts: 1 }).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_row_that_does_not_decode_is_named() {
    let fixture = Usual::new().await;
    fill(&fixture).await;
    let store = fixture.store();
    let id = new_case(HERE, 1, at(0)).case.id;
    let inbox = InboxFilter { role: Role::Acceptor, unit: UnitCode::from("sanitation"), area: None, kinds: vec![] };
    let spoiled = [
        ("facts", "hash", "'\\x00'::bytea"),
        ("facts", "seq", "-1"),
        ("texts", "salt", "'\\x00'::bytea"),
        ("texts", "giver", "'nobody'"),
        ("contacts", "value_digest", "'\\x00'::bytea"),
        ("looks", "at", "9223372036854775807"),
        ("attachments", "bytes", "-1"),
        ("answers", "request", "'\\x00'::bytea"),
        ("roots", "root", "'\\x00'::bytea"),
        ("cases", "state", "'somewhere'"),
        ("cases", "head", "'\\x00'::bytea"),
        ("cases", "version", "-1"),
        ("case_bodies", "body", "'{}'"),
        ("tasks", "kind", "'play'"),
        ("publications", "body", "'\\x00'::bytea"),
        ("posts", "role", "'king'"),
        ("accounts", "version", "-1"),
        ("sessions", "seen_at", "9223372036854775807"),
        ("clients", "revoked_at", "9223372036854775807"),
        ("audit", "at", "9223372036854775807"),
    ];
    for (table, column, value) in spoiled {
        fixture.database.run(&format!("create table spare as table {table}")).await;
        fixture.database.run(&format!("update {table} set {column} = {value}")).await;
        let view = store.view(HERE).await.unwrap();
        let city = store.city().await.unwrap();
        let read = match (table, column) {
            ("facts", _) => view.facts(id).await.err(),
            ("texts", _) => view.texts(id).await.err(),
            ("contacts", _) => view.contacts(id).await.err(),
            ("looks", _) => view.looks(id).await.err(),
            ("attachments", _) => view.attachments(id).await.err(),
            ("answers", _) => view.answer("key").await.err(),
            ("roots", _) => view.roots().await.err(),
            ("cases", "head") => view.head(id).await.err(),
            ("cases", _) => view.case_rows(&[id]).await.err(),
            ("case_bodies", _) => view.case(id).await.err(),
            ("tasks", _) => view.inbox(&inbox, &Page::first(9)).await.err(),
            ("publications", _) => city.publication("areas", "", 1).await.err(),
            ("posts", _) => city.posts_of(person(1)).await.err(),
            ("accounts", _) => city.account("li").await.err(),
            ("sessions", _) => city.session(digest(1)).await.err(),
            ("clients", _) => city.clients().await.err(),
            _ => city.audit(&AuditFilter::default(), &Page::first(9)).await.err(),
        };
        let Some(StoreError::Corrupt { table: said_table, column: said_column, row, .. }) = read else {
            panic!("{table}.{column}: {read:?}")
        };
        assert_eq!((said_table, said_column), (table, column));
        assert!(!row.is_empty() && !row.contains('?'), "{row}");
        drop((view, city));
        fixture.database.run(&format!("delete from {table}; insert into {table} table spare; drop table spare")).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_copy_is_not_restored() {
    let fixture = Usual::new().await;
    fill(&fixture).await;
    let directory = tempfile::tempdir().unwrap();
    fixture.store().upkeep().backup(directory.path()).await.unwrap();
    let again = fixture.store().upkeep().backup(directory.path()).await;
    assert!(again.is_err(), "a copy was written over another");

    let file = directory.path().join("facts.copy.zst");
    let facts = zstd::decode_all(std::fs::File::open(&file).unwrap()).unwrap();
    let altered = String::from_utf8(facts).unwrap().replacen("resident", "r3sident", 1);
    std::fs::write(&file, zstd::encode_all(altered.as_bytes(), 1).unwrap()).unwrap();
    let other = Usual::new().await;
    let restored = other.store().upkeep().restore(directory.path()).await;
    let Err(StoreError::Failed(error)) = restored else { panic!("{restored:?}") };
    assert!(error.to_string().contains("facts.copy.zst"), "{error}");
    assert_eq!(other.store().upkeep().regions().await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_planner_remembers_nothing_of_what_was_erased() {
    let fixture = Usual::new().await;
    let store = fixture.store();
    for no in 1..=200 {
        let mut write = new_case(HERE, no, at(0));
        let words = text(write.case.id, no, "qzxmarker", Giver::Reporter, at(0));
        write.case.text = Some(words.digest);
        store.apply(HERE, vec![change(&write), Change::Text(words)].into()).await.unwrap();
    }
    store.upkeep().analyze().await.unwrap();
    for no in 1..=200 {
        let case = new_case(HERE, no, at(0)).case.id;
        store.apply(HERE, vec![Change::Erase { case, at: at(5) }].into()).await.unwrap();
    }
    store.upkeep().scrub().await.unwrap();
    assert!(!fixture.holds("qzxmarker").await);
}
