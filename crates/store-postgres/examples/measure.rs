//! Measures writing and finding on a server named by GEWU_TEST_POSTGRES.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::disallowed_methods)]

use gewu_domain::{
    case::{Case, ClassRef, Deed, Desk, Entry, Fact, Place, Report, Source, State, StateKind, Task, TaskKind},
    ids::*,
    people::{Actor, Role},
    record,
};
use gewu_store::{
    Change, Changes, Page, Store,
    cases::{CaseFilter, CaseWrite},
    contacts::ContactRow,
    counters::Count,
    idempotency::Answer,
    outbox::OutboxRow,
    tasks::InboxFilter,
    texts::{Giver, TextRow},
};
use gewu_store_postgres::{PostgresStore, Settings};
use jiff::Timestamp;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};
use tokio_postgres::{
    NoTls,
    types::{FromSql, IsNull, ToSql, Type},
};
use uuid::{Builder, Uuid};

const REGION: RegionId = RegionId(110_101);

struct Random(u64);
impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut m = self.0;
        m = (m ^ (m >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        m = (m ^ (m >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        m ^ (m >> 31)
    }
    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Zipf-like word numbers: word k about 1/k as often.
fn word(r: &mut Random) -> u64 {
    let n = 20_000f64;
    (n.powf(r.unit())) as u64
}

fn report(no: u64, ms: i64, with_ends: bool) -> Changes {
    let mut r = Random(no.wrapping_mul(7919) + 1);
    let at = Timestamp::from_millisecond(ms).unwrap();
    let mut b = [0u8; 10];
    b[2..].copy_from_slice(&r.next().to_be_bytes());
    let id = CaseId(Builder::from_unix_timestamp_millis(ms as u64, &b).into_uuid());
    let street = r.below(12);
    let community = street * 10 + r.below(10);
    let grid = community * 13 + r.below(13);
    let path = vec![
        AreaCode::new("110000"),
        AreaCode::new("110101"),
        AreaCode(format!("110101{street:03}")),
        AreaCode(format!("110101{community:06}")),
        AreaCode(format!("110101{grid:09}")),
    ];
    let words: Vec<u64> = (0..30).map(|_| word(&mut r)).collect();
    let mut terms: Vec<String> = words.iter().map(|w| format!("词{w}")).collect();
    terms.sort();
    terms.dedup();
    let body: String = words.iter().map(|w| char::from_u32(0x4e00 + (*w as u32 % 20000)).unwrap()).collect();
    let salt = *Uuid::from_u64_pair(no, ms as u64).as_bytes();
    let digest = record::text_digest(&salt, &body);
    let class = ClassRef {
        scheme: "gbt30428".into(),
        version: 1,
        code: ClassCode(format!("event-{:02}-{:02}", r.below(10), r.below(10))),
    };
    let source = Source::ALL[(r.below(100) as usize * 7 / 100).min(6)];
    let report = Report {
        id,
        region: REGION,
        number: format!("110101-20260301-{no:07}"),
        source,
        place: Place {
            path,
            areas_version: 1,
            is_placed: true,
            point: Some((116.2 + r.unit() * 0.3, 39.8 + r.unit() * 0.3)),
            part: None,
            address: None,
        },
        class: Some(class.clone()),
        text: Some(digest),
        photos: vec![],
        receipt: Some(digest),
        is_answerable: true,
        is_confidential: false,
        is_urgent: false,
        is_fixed_on_spot: false,
    };
    let fact = Fact {
        at,
        by: Actor::Reporter,
        deed: Deed::Reported { report: Box::new(report), policy_version: 1, entry: Entry::Accept },
        clocks: vec![],
    };
    let mut case = Case::begin(&fact).unwrap();
    let facts = record::seal(REGION, id, 0, record::GENESIS, [&fact]);
    let mut tasks = vec![Task {
        desk: Desk { role: Role::Acceptor, unit: UnitCode::new("centre") },
        kind: TaskKind::Accept,
        assignment: None,
        due_at: Some(at),
    }];
    if with_ends && r.below(100) < 97 {
        case.state = State::Closed { how: gewu_domain::case::Closing::Solved, confirm_until: None };
        tasks.clear();
    } else if with_ends {
        case.state = [
            State::Reported,
            State::AwaitingFiling,
            State::AwaitingDispatch,
            State::Handling,
            State::Handled,
            State::AwaitingClose,
        ][r.below(6) as usize]
            .clone();
        let unit = format!("unit-{}", r.below(50));
        tasks = vec![Task {
            desk: Desk { role: Role::Handler, unit: UnitCode(unit) },
            kind: TaskKind::Handle,
            assignment: None,
            due_at: Some(at),
        }];
    }
    let write = CaseWrite {
        was: None,
        at: vec![at],
        head: facts[0].hash,
        facts,
        tasks,
        warn_at: Some(at),
        terms: Some(terms),
        case,
    };
    let street = AreaCode(format!("110101{street:03}"));
    Changes {
        answer: Some(Answer {
            key: format!("client_{:032x}:{:032x}", no, r.next()),
            request: digest,
            body: format!("{{\"number\":\"110101-20260301-{no:07}\",\"code\":\"K7Q2-9P\"}}"),
            at,
        }),
        list: vec![
            Change::Case(Box::new(write)),
            Change::Text(TextRow { case: id, digest, salt, body, by: Giver::Reporter, written_at: at }),
            Change::Contact(ContactRow {
                case: id,
                field: "phone".into(),
                sealed: vec![7; 51],
                index: digest,
                purpose: "reply".into(),
                basis: "consent".into(),
                given_at: at,
                ends_at: at,
            }),
            Change::Count(Count {
                day: jiff::civil::date(2026, 3, 1),
                measure: "reported".into(),
                area: Some(street),
                class: Some(class.code),
                unit: None,
                by: 1,
            }),
            Change::Outbox(OutboxRow {
                id: (u128::from(no) << 64) | u128::from(ms as u64),
                case: Some(id),
                topic: "case.changed".into(),
                body: format!("{{\"case\":\"{id}\",\"seq\":0}}"),
                at,
            }),
        ],
    }
}

#[derive(Debug)]
struct Raw(Option<Vec<u8>>);
impl<'a> FromSql<'a> for Raw {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Raw(Some(raw.to_vec())))
    }
    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Raw(None))
    }
    fn accepts(_: &Type) -> bool {
        true
    }
}
impl ToSql for Raw {
    fn to_sql(&self, _: &Type, out: &mut bytes::BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match &self.0 {
            Some(b) => {
                out.extend_from_slice(b);
                Ok(IsNull::No)
            }
            None => Ok(IsNull::Yes),
        }
    }
    fn accepts(_: &Type) -> bool {
        true
    }
    tokio_postgres::types::to_sql_checked!();
}

fn arg<T: std::str::FromStr>(n: usize, or: T) -> T {
    std::env::args().nth(n).and_then(|a| a.parse().ok()).unwrap_or(or)
}

async fn client(url: &str) -> tokio_postgres::Client {
    let (c, conn) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(conn);
    c
}

#[tokio::main]
async fn main() {
    let server = std::env::var("GEWU_TEST_POSTGRES").unwrap();
    let base = server.rsplit_once('/').unwrap().0.to_owned();
    match arg(1, String::new()).as_str() {
        "intake" => intake(&server, &base).await,
        "fill" => fill(&base).await,
        "ask" => ask(&base).await,
        other => panic!("{other}?"),
    }
}

async fn fresh(server: &str, base: &str, name: &str) -> String {
    let c = client(server).await;
    c.batch_execute(&format!("drop database if exists {name} with (force)")).await.unwrap();
    c.batch_execute(&format!("create database {name}")).await.unwrap();
    format!("{base}/{name}")
}

fn percentile(v: &mut [u64], p: f64) -> f64 {
    v.sort_unstable();
    v[((v.len() - 1) as f64 * p) as usize] as f64 / 1000.0
}

/// measure intake TOTAL CALLERS WRITERS GROUP
async fn intake(server: &str, base: &str) {
    let total: u64 = arg(2, 40_000);
    let callers: u64 = arg(3, 128);
    let writers: usize = arg(4, 2);
    let group: usize = arg(5, 256);
    let url = fresh(server, base, "measure_ours").await;
    let store = Arc::new(PostgresStore::open(&url, Settings { writers, group, ..Settings::default() }).await.unwrap());
    let all: Arc<Vec<Changes>> =
        Arc::new((0..total).map(|n| report(n, 1_772_000_000_000 + n as i64 * 20, false)).collect());
    let next = Arc::new(AtomicU64::new(0));
    let start = Instant::now();
    let mut hands = vec![];
    for _ in 0..callers {
        let (store, all, next) = (store.clone(), all.clone(), next.clone());
        hands.push(tokio::spawn(async move {
            let mut took = vec![];
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                let Some(changes) = all.get(n as usize) else { break };
                let t = Instant::now();
                store.apply(REGION, changes.clone()).await.unwrap();
                took.push(t.elapsed().as_micros() as u64);
            }
            took
        }));
    }
    let mut took = vec![];
    for h in hands {
        took.extend(h.await.unwrap());
    }
    let s = start.elapsed().as_secs_f64();
    println!(
        "ours: {:.0}/s with {callers} callers, {writers} writers; p50 {:.1} ms p99 {:.1} ms",
        total as f64 / s,
        percentile(&mut took, 0.5),
        percentile(&mut took, 0.99)
    );

    // The same rows, bare.
    let from = client(&url).await;
    let tables: Vec<String> = from.query("select table_name::text from information_schema.tables where table_schema='public' and table_name not in ('migrations','counters') order by 1", &[]).await.unwrap().iter().map(|r| r.get(0)).collect();
    let mut rows: Vec<(String, Vec<Vec<Raw>>)> = vec![];
    for t in &tables {
        let got = from.query(&format!("select * from {t} order by ctid"), &[]).await.unwrap();
        if got.is_empty() {
            continue;
        }
        let cols: Vec<String> = got[0].columns().iter().map(|c| c.name().to_owned()).collect();
        let marks: Vec<String> = (1..=cols.len()).map(|n| format!("${n}")).collect();
        let sql = format!("insert into {t} ({}) values ({})", cols.join(","), marks.join(","));
        rows.push((sql, got.iter().map(|r| (0..r.len()).map(|i| r.get::<_, Raw>(i)).collect()).collect()));
    }
    let count = "insert into counters (region, day, measure, area, class, unit, writer, n) values (110101, '2026-03-01', 'reported', $1, $2, '', 0, 1) on conflict (region, day, measure, area, class, unit, writer) do update set n = counters.n + 1";
    drop(store);
    let rows = Arc::new(rows);
    for (lanes, per) in [(1usize, 128usize), (2, 128), (8, 1), (32, 1)] {
        let url = fresh(server, base, "measure_bare").await;
        drop(PostgresStore::open(&url, Settings::default()).await.unwrap());
        let part = if per == 1 { (total / 4) as usize } else { total as usize };
        let start = Instant::now();
        let mut hands = vec![];
        for lane in 0..lanes {
            let (rows, url) = (rows.clone(), url.clone());
            hands.push(tokio::spawn(async move {
                let c = client(&url).await;
                let mut statements = vec![];
                for (sql, _) in rows.iter() {
                    statements.push(c.prepare(sql).await.unwrap());
                }
                let count = c.prepare(count).await.unwrap();
                let mine: Vec<usize> = (0..part).filter(|n| n / per % lanes == lane).collect();
                for group in mine.chunks(per) {
                    let mut waits = futures_util::stream::FuturesOrdered::new();
                    let begin: std::pin::Pin<Box<dyn Future<Output = ()> + Send>> =
                        Box::pin(async { c.batch_execute("begin").await.unwrap() });
                    waits.push_back(begin);
                    for n in group {
                        for ((_, rows), st) in rows.iter().zip(&statements) {
                            if let Some(row) = rows.get(*n) {
                                let c = &c;
                                waits.push_back(Box::pin(async move {
                                    let params: Vec<&(dyn ToSql + Sync)> = row.iter().map(|r| r as _).collect();
                                    c.execute(st, &params).await.unwrap();
                                }));
                            }
                        }
                        let (c, count) = (&c, &count);
                        // One counter row per lane, so that lanes do not wait for each other.
                        let area = format!("{lane}-{}", n % 12);
                        let class = format!("event-{}", n % 100);
                        waits.push_back(Box::pin(async move {
                            c.execute(count, &[&area, &class]).await.unwrap();
                        }));
                    }
                    waits.push_back(Box::pin(async { c.batch_execute("commit").await.unwrap() }));
                    use futures_util::StreamExt;
                    while waits.next().await.is_some() {}
                }
            }));
        }
        for h in hands {
            h.await.unwrap();
        }
        println!("bare: {:.0}/s, {lanes} connections, {per} a commit", part as f64 / start.elapsed().as_secs_f64());
    }
}

/// measure fill TOTAL DAYS
async fn fill(base: &str) {
    let total: u64 = arg(2, 1_000_000);
    let days: i64 = arg(3, 1_095);
    let url = format!("{base}/measure_ask");
    let store = PostgresStore::open(&url, Settings::default()).await.unwrap();
    let start = Instant::now();
    let step = days * 86_400_000 / total as i64;
    let begin = 1_772_000_000_000 - days * 86_400_000;
    for chunk in 0..total / 5_000 {
        let batch = (0..5_000)
            .map(|n| {
                let no = chunk * 5_000 + n;
                report(no, begin + no as i64 * step, true)
            })
            .collect();
        store.upkeep().load(REGION, batch).await.unwrap();
        if chunk % 20 == 0 {
            println!("{} {:.0}/s", chunk * 5_000, (chunk + 1) as f64 * 5_000.0 / start.elapsed().as_secs_f64());
        }
    }
    store.upkeep().analyze().await.unwrap();
}

async fn ask(base: &str) {
    let url = format!("{base}/measure_ask");
    let store = PostgresStore::open(&url, Settings::default()).await.unwrap();
    let rounds: usize = arg(2, 40);
    let all = CaseFilter::default;
    let mut r = Random(5);
    let mut kinds: Vec<(String, Vec<CaseFilter>)> = vec![];
    let mut add = |name: &str, f: &mut dyn FnMut(&mut Random) -> CaseFilter| {
        let list = (0..rounds).map(|_| f(&mut r)).collect();
        kinds.push((name.to_owned(), list));
    };
    add("all", &mut |_| all());
    for (name, low, high) in [
        ("word 1-3", 1, 3),
        ("word 10-30", 10, 30),
        ("word 100-300", 100, 300),
        ("word 1000-3000", 1000, 3000),
        ("word 10000+", 10_000, 20_000),
    ] {
        add(name, &mut |r| CaseFilter { terms: vec![format!("词{}", low + r.below(high - low))], ..all() });
    }
    add("word absent", &mut |r| CaseFilter { terms: vec![format!("无{}", r.next())], ..all() });
    add("2 words 1-30", &mut |r| CaseFilter {
        terms: (0..2).map(|_| format!("词{}", 1 + r.below(29))).collect(),
        ..all()
    });
    add("3 words 1-100", &mut |r| CaseFilter {
        terms: (0..3).map(|_| format!("词{}", 1 + r.below(99))).collect(),
        ..all()
    });
    add("3 words zipf", &mut |r| CaseFilter { terms: (0..3).map(|_| format!("词{}", word(r))).collect(), ..all() });
    add("3 words of a text", &mut |r| {
        let n = r.below(1_000_000);
        let mut rr = Random(n.wrapping_mul(7919) + 1);
        for _ in 0..4 {
            rr.next();
        }
        let words: Vec<u64> = (0..30).map(|_| word(&mut rr)).collect();
        CaseFilter { terms: words[..3].iter().map(|w| format!("词{w}")).collect(), ..all() }
    });
    add("street", &mut |r| CaseFilter { area: Some(AreaCode(format!("110101{:03}", r.below(12)))), ..all() });
    add("community", &mut |r| CaseFilter { area: Some(AreaCode(format!("110101{:06}", r.below(120)))), ..all() });
    add("grid", &mut |r| CaseFilter { area: Some(AreaCode(format!("110101{:09}", r.below(1560)))), ..all() });
    add("class", &mut |r| CaseFilter {
        class: Some(ClassCode(format!("event-{:02}-{:02}", r.below(10), r.below(10)))),
        ..all()
    });
    add("class+grid", &mut |r| CaseFilter {
        area: Some(AreaCode(format!("110101{:09}", r.below(1560)))),
        class: Some(ClassCode(format!("event-{:02}-{:02}", r.below(10), r.below(10)))),
        ..all()
    });
    add("class+community", &mut |r| CaseFilter {
        area: Some(AreaCode(format!("110101{:06}", r.below(120)))),
        class: Some(ClassCode(format!("event-{:02}-{:02}", r.below(10), r.below(10)))),
        ..all()
    });
    add("state reported", &mut |_| CaseFilter { states: vec![StateKind::Reported], ..all() });
    add("open states", &mut |_| CaseFilter {
        states: StateKind::ALL.iter().copied().filter(|s| s.is_open()).collect(),
        ..all()
    });
    add("open + street", &mut |r| CaseFilter {
        states: StateKind::ALL.iter().copied().filter(|s| s.is_open()).collect(),
        area: Some(AreaCode(format!("110101{:03}", r.below(12)))),
        ..all()
    });
    add("open + community", &mut |r| CaseFilter {
        states: StateKind::ALL.iter().copied().filter(|s| s.is_open()).collect(),
        area: Some(AreaCode(format!("110101{:06}", r.below(120)))),
        ..all()
    });
    add("open + word 10-300", &mut |r| CaseFilter {
        states: StateKind::ALL.iter().copied().filter(|s| s.is_open()).collect(),
        terms: vec![format!("词{}", 10 + r.below(290))],
        ..all()
    });
    add("closed + word 100-300", &mut |r| CaseFilter {
        states: vec![StateKind::Closed],
        terms: vec![format!("词{}", 100 + r.below(200))],
        ..all()
    });
    add("box 500 m", &mut |r| {
        let (x, y) = ((116.2 + r.unit() * 0.3) * 1e7, (39.8 + r.unit() * 0.3) * 1e7);
        CaseFilter {
            within: Some([x as i64 - 25_000, y as i64 - 25_000, x as i64 + 25_000, y as i64 + 25_000]),
            ..all()
        }
    });
    add("box 5 km", &mut |r| {
        let (x, y) = ((116.2 + r.unit() * 0.3) * 1e7, (39.8 + r.unit() * 0.3) * 1e7);
        CaseFilter {
            within: Some([x as i64 - 250_000, y as i64 - 250_000, x as i64 + 250_000, y as i64 + 250_000]),
            ..all()
        }
    });
    add("week + word 100-300", &mut |r| {
        let to = 1_772_000_000_000 - (r.below(1000) as i64) * 86_400_000;
        CaseFilter {
            to: Some(Timestamp::from_millisecond(to).unwrap()),
            from: Some(Timestamp::from_millisecond(to - 7 * 86_400_000).unwrap()),
            terms: vec![format!("词{}", 100 + r.below(200))],
            ..all()
        }
    });
    add("month long ago", &mut |r| {
        let to = 1_772_000_000_000 - (r.below(1000) as i64) * 86_400_000;
        CaseFilter {
            to: Some(Timestamp::from_millisecond(to).unwrap()),
            from: Some(Timestamp::from_millisecond(to - 30 * 86_400_000).unwrap()),
            ..all()
        }
    });
    for (name, filters) in &kinds {
        let mut first = vec![];
        let mut second = vec![];
        let mut count = vec![];
        let mut rows = 0;
        for f in filters {
            let view = store.view(REGION).await.unwrap();
            let t = Instant::now();
            let page = view.cases(f, &Page::first(50)).await.unwrap();
            first.push(t.elapsed().as_micros() as u64);
            rows += page.rows.len();
            if let Some(next) = page.next {
                let t = Instant::now();
                view.cases(f, &Page::first(50).after(next)).await.unwrap();
                second.push(t.elapsed().as_micros() as u64);
            }
            let t = Instant::now();
            view.count_cases(f, 1_000).await.unwrap();
            count.push(t.elapsed().as_micros() as u64);
        }
        println!(
            "{name:24} rows {:5.1}  first p50 {:6.1} p95 {:6.1}   next p95 {:6.1}   count p95 {:6.1} ms",
            rows as f64 / filters.len() as f64,
            percentile(&mut first, 0.5),
            percentile(&mut first, 0.95),
            if second.is_empty() { 0.0 } else { percentile(&mut second, 0.95) },
            percentile(&mut count, 0.95)
        );
    }
    let mut inbox = vec![];
    let mut case = vec![];
    let mut view_took = vec![];
    for n in 0..rounds as u64 {
        let t = Instant::now();
        let view = store.view(REGION).await.unwrap();
        view_took.push(t.elapsed().as_micros() as u64);
        let t = Instant::now();
        let f =
            InboxFilter { role: Role::Handler, unit: UnitCode(format!("unit-{}", n % 50)), area: None, kinds: vec![] };
        let page = view.inbox(&f, &Page::first(50)).await.unwrap();
        view.inbox_size(&f, Timestamp::now(), 1000).await.unwrap();
        inbox.push(t.elapsed().as_micros() as u64);
        let id = page.rows[0].0.case;
        let t = Instant::now();
        view.case(id).await.unwrap().unwrap();
        view.facts(id).await.unwrap();
        view.texts(id).await.unwrap();
        view.contacts(id).await.unwrap();
        view.attachments(id).await.unwrap();
        case.push(t.elapsed().as_micros() as u64);
    }
    println!(
        "view p95 {:.1}, inbox+size p95 {:.1}, case page p95 {:.1} ms",
        percentile(&mut view_took, 0.95),
        percentile(&mut inbox, 0.95),
        percentile(&mut case, 0.95)
    );
}
